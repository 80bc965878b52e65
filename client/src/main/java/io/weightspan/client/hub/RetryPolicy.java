package io.weightspan.client.hub;

import java.io.InterruptedIOException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/** Decides what is tried again and after how long. Immutable. */
final class RetryPolicy {

    private static final Duration FIRST = Duration.ofMillis(500);
    private static final Duration LONGEST = Duration.ofSeconds(15);

    /** A server may ask for more patience than we would have, within reason. */
    private static final Duration LONGEST_ASKED = Duration.ofMinutes(2);

    private static final int MAX_DOUBLINGS = 10;

    private final int retries;
    private final Sleeper sleeper;

    /**
     * Creates a policy.
     *
     * @param retries how often to try again
     * @param sleeper how to wait
     */
    RetryPolicy(int retries, Sleeper sleeper) {
        this.retries = retries;
        this.sleeper = sleeper;
    }

    /** Waits. */
    @FunctionalInterface
    interface Sleeper {
        /** Waits for a time, or until interrupted. */
        void sleep(Duration duration) throws InterruptedException;
    }

    /** Returns whether an answer with this status may be another one the next time. */
    static boolean isTransient(int status) {
        return switch (status) {
            case 408, 429, 500, 502, 503, 504 -> true;
            default -> false;
        };
    }

    /**
     * Waits before the next attempt.
     *
     * @param failures attempts in a row that have failed, at least 1
     * @param retryAfter what the server's {@code Retry-After} said, if anything
     * @return false, at once, where no attempt is left
     * @throws InterruptedIOException if the thread is interrupted while it waits
     */
    boolean await(int failures, Optional<String> retryAfter) throws InterruptedIOException {
        if (failures > retries) {
            return false;
        }
        Duration own = backoff(failures);
        Duration asked = retryAfter.flatMap(text -> asked(text, Instant.now())).orElse(Duration.ZERO);
        try {
            sleeper.sleep(own.compareTo(asked) > 0 ? own : asked);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while waiting to retry")
                    .initCause(e);
        }
        return true;
    }

    /** Doubles with each failure; half of it is left to chance, so that clients do not come back all at once. */
    private static Duration backoff(int failures) {
        long millis = FIRST.toMillis() << Math.min(failures - 1, MAX_DOUBLINGS);
        long most = Math.min(millis, LONGEST.toMillis());
        return Duration.ofMillis(most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1));
    }

    /**
     * Reads {@code Retry-After}.
     *
     * @param text seconds, or a date as HTTP writes it
     * @return the time from now, cut to two minutes; empty if the text is neither
     */
    static Optional<Duration> asked(String text, Instant now) {
        Duration asked;
        if (text.matches("[0-9]{1,9}")) {
            asked = Duration.ofSeconds(Long.parseLong(text));
        } else {
            try {
                asked = Duration.between(now,
                        ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
            } catch (DateTimeException notADate) {
                return Optional.empty();
            }
        }
        if (asked.isNegative()) {
            return Optional.of(Duration.ZERO);
        }
        return Optional.of(asked.compareTo(LONGEST_ASKED) > 0 ? LONGEST_ASKED : asked);
    }
}
