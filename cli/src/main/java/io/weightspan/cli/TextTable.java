package io.weightspan.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table of text with a head line, columns as wide as their content, for people to read.
 *
 * <p>Control characters of a cell are shown as {@code ?}, since names may come from somebody else's file or server and
 * a terminal would obey them. Not thread-safe.
 */
public final class TextTable {

    private static final String GAP = "  ";

    private final String[] head;
    private final boolean[] right;
    private final List<String[]> rows = new ArrayList<>();

    /**
     * Creates a table without rows.
     *
     * @param head the columns' titles; a title that begins with {@code >} aligns its column to the right, without being
     *     shown with the sign
     * @throws IllegalArgumentException if there is no column
     */
    public TextTable(String... head) {
        if (head.length == 0) {
            throw new IllegalArgumentException("a table without columns");
        }
        this.head = new String[head.length];
        this.right = new boolean[head.length];
        for (int i = 0; i < head.length; i++) {
            right[i] = head[i].startsWith(">");
            this.head[i] = right[i] ? head[i].substring(1) : head[i];
        }
    }

    /**
     * Adds a row.
     *
     * @param cells one for each column
     * @return this table
     * @throws IllegalArgumentException if there are more or fewer cells than columns
     */
    public TextTable row(String... cells) {
        if (cells.length != head.length) {
            throw new IllegalArgumentException(cells.length + " cells for " + head.length + " columns");
        }
        rows.add(Arrays.stream(cells).map(TextTable::printable).toArray(String[]::new));
        return this;
    }

    /** Prints the head and all rows, each on one line without spaces at its end. */
    public void print(PrintWriter out) {
        int[] widths = new int[head.length];
        for (int column = 0; column < head.length; column++) {
            widths[column] = length(head[column]);
            for (String[] row : rows) {
                widths[column] = Math.max(widths[column], length(row[column]));
            }
        }
        out.println(line(head, widths));
        rows.forEach(row -> out.println(line(row, widths)));
    }

    private String line(String[] cells, int[] widths) {
        StringBuilder line = new StringBuilder();
        for (int column = 0; column < cells.length; column++) {
            String padding = " ".repeat(widths[column] - length(cells[column]));
            line.append(column == 0 ? "" : GAP)
                    .append(right[column] ? padding + cells[column] : cells[column] + padding);
        }
        return line.toString().stripTrailing();
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }

    /**
     * Returns the text with control characters and line ends shown as {@code ?}; for text that came from a file or a
     * server and goes to a terminal.
     */
    public static String printable(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        text.codePoints().forEach(c -> shown.appendCodePoint(isSafe(c) ? c : '?'));
        return shown.toString();
    }

    private static boolean isSafe(int codePoint) {
        int type = Character.getType(codePoint);
        // FORMAT holds the marks that turn the direction of text around.
        return type != Character.CONTROL && type != Character.FORMAT && type != Character.LINE_SEPARATOR
                && type != Character.PARAGRAPH_SEPARATOR && type != Character.SURROGATE;
    }
}
