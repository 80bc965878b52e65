package io.weightspan.server.commands;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time such as {@code 36h}, {@code 7d}, {@code 0} or, by ISO 8601, {@code PT36H}. Stateless. */
final class GraceConverter implements ITypeConverter<Duration> {

    private static final Pattern SHORT = Pattern.compile("([0-9]{1,9})([smhdw])");
    private static final Duration LONGEST = Duration.ofDays(36_500);

    /** Creates the converter; picocli does. */
    GraceConverter() {}

    @Override
    public Duration convert(String text) {
        Duration time = parse(text);
        if (time.isNegative() || time.compareTo(LONGEST) > 0) {
            throw new TypeConversionException("'" + text + "' is out of range: 0 to 100 years");
        }
        return time;
    }

    private static Duration parse(String text) {
        Matcher matcher = SHORT.matcher(text);
        if (matcher.matches()) {
            long count = Long.parseLong(matcher.group(1));
            return switch (matcher.group(2)) {
                case "s" -> Duration.ofSeconds(count);
                case "m" -> Duration.ofMinutes(count);
                case "h" -> Duration.ofHours(count);
                case "d" -> Duration.ofDays(count);
                default -> Duration.ofDays(7 * count);
            };
        }
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        try {
            return Duration.parse(text.toUpperCase(Locale.ROOT));
        } catch (DateTimeParseException e) {
            throw new TypeConversionException("'" + text + "' is no time such as 36h, 7d or PT36H");
        }
    }
}
