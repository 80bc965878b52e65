package io.weightspan.server.quota;

import io.weightspan.cli.HumanSize;
import io.weightspan.server.repo.CorruptStoreException;
import java.util.regex.Pattern;

/**
 * How much a namespace may hold (ST-QUO-001).
 *
 * @param bytes the bytes, at least 0; {@link Long#MAX_VALUE} for as much as there is room for
 */
public record Quota(long bytes) {

    /** As much as there is room for. */
    public static final Quota UNLIMITED = new Quota(Long.MAX_VALUE);

    private static final String UNLIMITED_TEXT = "unlimited";
    private static final Pattern BYTES = Pattern.compile("0|[1-9][0-9]{0,17}");

    /**
     * Checks the bytes.
     *
     * @throws IllegalArgumentException if they are fewer than 0
     */
    public Quota {
        if (bytes < 0) {
            throw new IllegalArgumentException("a quota of " + bytes + " bytes");
        }
    }

    /** Returns whether it limits nothing. */
    public boolean isUnlimited() {
        return equals(UNLIMITED);
    }

    /** Returns the text of the value that keeps this. */
    String text() {
        return (isUnlimited() ? UNLIMITED_TEXT : Long.toString(bytes)) + "\n";
    }

    /**
     * Reads a value.
     *
     * @throws CorruptStoreException if it isn't one of a quota
     */
    static Quota parse(String key, String text) throws CorruptStoreException {
        String line = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        if (line.equals(UNLIMITED_TEXT)) {
            return UNLIMITED;
        }
        if (!BYTES.matcher(line).matches()) {
            throw new CorruptStoreException("value " + key + " is no quota; set it again with 'weightspan quota set'");
        }
        return new Quota(Long.parseLong(line));
    }

    @Override
    public String toString() {
        return isUnlimited() ? UNLIMITED_TEXT : HumanSize.of(bytes);
    }
}
