package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @Test
    void waitsLongerEachTimeUpToABound() throws InterruptedIOException {
        List<Duration> waits = new ArrayList<>();
        RetryPolicy policy = new RetryPolicy(20, waits::add);
        for (int failures = 1; failures <= 20; failures++) {
            assertThat(policy.await(failures, Optional.empty())).isTrue();
        }
        assertThat(policy.await(21, Optional.empty())).isFalse();
        assertThat(waits.get(0)).isBetween(Duration.ofMillis(250), Duration.ofMillis(500));
        assertThat(waits.get(2)).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(2));
        assertThat(waits).hasSize(20).allMatch(wait -> wait.compareTo(Duration.ofSeconds(15)) <= 0);
    }

    @Test
    void readsRetryAfterAsSecondsAndAsADate() {
        assertThat(RetryPolicy.asked("7", NOW)).contains(Duration.ofSeconds(7));
        assertThat(RetryPolicy.asked("Thu, 1 Jan 2026 00:00:30 GMT", NOW)).contains(Duration.ofSeconds(30));
        assertThat(RetryPolicy.asked("Wed, 31 Dec 2025 00:00:00 GMT", NOW)).contains(Duration.ZERO);
        assertThat(RetryPolicy.asked("999999999", NOW)).contains(Duration.ofMinutes(2));
        assertThat(RetryPolicy.asked("soon", NOW)).isEmpty();
        assertThat(RetryPolicy.asked("-1", NOW)).isEmpty();
    }

    @Test
    void anInterruptEndsTheWaitAndIsKept() {
        RetryPolicy policy = new RetryPolicy(5, _ -> {
            throw new InterruptedException();
        });
        assertThatThrownBy(() -> policy.await(1, Optional.empty())).isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }
}
