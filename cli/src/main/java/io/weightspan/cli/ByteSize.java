package io.weightspan.cli;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads sizes as people write them. */
public final class ByteSize {

    private static final Pattern FORM = Pattern.compile("([0-9]{1,15}(?:\\.[0-9]{1,6})?) ?([kmgt]?)(i?)b?");
    private static final String UNITS = "kmgt";
    private static final BigDecimal DECIMAL = BigDecimal.valueOf(1000);
    private static final BigDecimal BINARY = BigDecimal.valueOf(1024);

    private ByteSize() {}

    /**
     * Reads a size.
     *
     * @param text a number, with a fraction or not, and a unit or not: {@code 500}, {@code 1.5GB}, {@code 20 GiB}
     * @return bytes, a fraction of one left out
     * @throws IllegalArgumentException if the text is something else, or too much
     */
    public static long parse(String text) {
        Matcher form = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!form.matches() || (form.group(2).isEmpty() && !form.group(3).isEmpty())) {
            throw new IllegalArgumentException("not a size: '" + text + "'; write it as 20GB or 20GiB");
        }
        int power = form.group(2).isEmpty() ? 0 : UNITS.indexOf(form.group(2)) + 1;
        BigDecimal bytes = new BigDecimal(form.group(1))
                .multiply((form.group(3).isEmpty() ? DECIMAL : BINARY).pow(power));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("too large: '" + text + "'");
        }
        return bytes.longValue();
    }
}
