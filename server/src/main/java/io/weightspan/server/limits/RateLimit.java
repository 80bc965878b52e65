package io.weightspan.server.limits;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many requests a caller may make.
 *
 * @param requests how many in a row, and on average in each period; 1 to 1,000,000
 * @param period the time after which all of them may be made again; a second to a day
 */
public record RateLimit(int requests, Duration period) {

    private static final int MOST = 1_000_000;
    private static final Duration LONGEST = Duration.ofDays(1);
    private static final Pattern TEXT = Pattern.compile("([0-9]{1,7})/([0-9]{1,5})([smh])");

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public RateLimit {
        requireNonNull(period, "period is null");
        if (requests < 1 || requests > MOST) {
            throw new IllegalArgumentException("requests must be 1 to " + MOST + ", not " + requests);
        }
        if (period.compareTo(Duration.ofSeconds(1)) < 0 || period.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("the period must be a second to a day");
        }
    }

    /**
     * Reads a limit such as {@code 500/5m}.
     *
     * @param text a number, a slash, a number and {@code s}, {@code m} or {@code h}
     * @throws IllegalArgumentException if it is of another form or out of range; the message says how
     */
    public static RateLimit parse(String text) {
        Matcher parts = TEXT.matcher(text);
        if (!parts.matches()) {
            throw new IllegalArgumentException("a rate is N/PERIOD, such as 500/5m, not '" + text + "'");
        }
        long number = Long.parseLong(parts.group(2));
        Duration period = switch (parts.group(3)) {
            case "s" -> Duration.ofSeconds(number);
            case "m" -> Duration.ofMinutes(number);
            default -> Duration.ofHours(number);
        };
        return new RateLimit(Integer.parseInt(parts.group(1)), period);
    }
}
