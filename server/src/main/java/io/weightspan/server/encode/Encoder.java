package io.weightspan.server.encode;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.repo.LateEncoder;
import io.weightspan.server.repo.LateEncoder.Outcome;
import io.weightspan.server.repo.PackListener;
import io.weightspan.server.repo.PendingFiles;
import io.weightspan.server.repo.PendingFiles.Taken;
import io.weightspan.server.repo.Repositories;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Threads that encode the files that wait for it in a store, one file each at a time. Those of any number of servers
 * share the work: who has taken a file says so every few minutes, and what a killed server had is taken by another.
 * Thread-safe.
 */
public final class Encoder implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(Encoder.class);

    private static final Duration LEASE = Duration.ofMinutes(15);
    private static final Duration RENEWAL = Duration.ofMinutes(3);
    private static final Duration PAUSE = Duration.ofSeconds(5);

    /** What a file started from is uploaded at about the same time, if it is at all. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    /** With the pauses between them half a day: as long as a store may be out of reach. */
    private static final int MOST_ATTEMPTS = 15;

    private static final long LONGEST_PAUSE_MINUTES = 60;
    private static final long STOPPING_SECONDS = 30;

    private final PendingFiles pending;
    private final LateEncoder encoder;
    private final InstantSource clock;
    private final CountDownLatch closing = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();

    /**
     * Begins to encode.
     *
     * @param repositories the repositories, whose store is written
     * @param threads how many files at once, at least 0
     */
    public Encoder(Repositories repositories, int threads) {
        this.clock = InstantSource.system();
        this.pending = new PendingFiles(requireNonNull(repositories, "repositories is null").store(), clock);
        this.encoder = new LateEncoder(repositories);
        for (int i = 0; i < threads; i++) {
            this.threads.add(
                    Thread.ofPlatform().name("encoder-" + i).daemon().start(this::work));
        }
    }

    /**
     * Returns how many files of the store wait to be encoded or are being encoded, by this server or another.
     *
     * @throws IOException if the store can't be read
     */
    public int waiting() throws IOException {
        return pending.list().size();
    }

    /** Stops: what is being encoded is left to a later start, or to another server, at once. */
    @Override
    public void close() {
        closing.countDown();
        for (Thread thread : threads) {
            try {
                if (!thread.join(Duration.ofSeconds(STOPPING_SECONDS))) {
                    LOG.warn("{} does not stop; what it has taken is free again within {}", thread.getName(), LEASE);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void work() {
        try {
            do {
                round();
            } while (!closing.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isClosing() {
        return closing.getCount() == 0;
    }

    /** Goes through what waits once. */
    private void round() {
        try {
            for (Digest file : pending.list()) {
                Optional<Taken> taken = isClosing() ? Optional.empty() : pending.take(file, LEASE);
                if (taken.isPresent() && taken.get().attempts() > MOST_ATTEMPTS) {
                    // Whoever had it did not even live to say that it failed.
                    giveUp(taken.get(), "nobody has come back with it");
                } else if (taken.isPresent()) {
                    encode(taken.get());
                }
            }
        } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            LOG.warn("the list of files to encode can't be read or written", e);
        }
    }

    private void encode(Taken taken) throws IOException {
        AtomicReference<Taken> held = new AtomicReference<>(taken);
        try {
            boolean waits = taken.queued().plus(PATIENCE).isAfter(clock.instant());
            settle(held.get(), encoder.encode(taken.repo(), taken.file(), waits, listener(held)));
        } catch (CancellationException e) {
            pending.leave(held.get(), taken.attempts() - 1, Duration.ZERO);
        } catch (IOException | RuntimeException | StackOverflowError | OutOfMemoryError e) {
            // One file must not end the work on all others.
            fail(held.get(), e);
        }
    }

    /** Stops the work when this closes, and renews the lease while it goes on. */
    private PackListener listener(AtomicReference<Taken> held) {
        return (task, bytes) -> progress(held);
    }

    private Progress progress(AtomicReference<Taken> held) {
        return bytes -> {
            if (isClosing()) {
                throw new CancellationException("the encoder is closing");
            }
            renew(held);
        };
    }

    private synchronized void renew(AtomicReference<Taken> held) {
        Taken taken = held.get();
        Instant renewed = taken.until().minus(LEASE);
        if (clock.instant().isAfter(renewed.plus(RENEWAL))) {
            try {
                held.set(pending.leave(taken, taken.attempts(), LEASE)
                        .orElseThrow(() -> new CancellationException("somebody else has taken the file meanwhile")));
            } catch (IOException e) {
                LOG.warn("{} of {} may be encoded twice: its lease can't be renewed", taken.file().hex(), taken.repo(),
                        e);
            }
        }
    }

    private void settle(Taken taken, Outcome outcome) throws IOException {
        LOG.info("{} of {}: {}", taken.file().hex(), taken.repo(), outcome);
        if (outcome == Outcome.TOO_EARLY) {
            pending.leave(taken, taken.attempts() - 1, PAUSE);
        } else {
            pending.done(taken);
        }
    }

    private void fail(Taken taken, Throwable e) throws IOException {
        if (taken.attempts() < MOST_ATTEMPTS) {
            Duration later = Duration.ofMinutes(Math.min(1L << taken.attempts(), LONGEST_PAUSE_MINUTES));
            LOG.warn("{} of {} can't be encoded; again in {}", taken.file().hex(), taken.repo(), later, e);
            pending.leave(taken, taken.attempts(), later);
        } else {
            giveUp(taken, String.valueOf(e));
        }
    }

    private void giveUp(Taken taken, String reason) throws IOException {
        LOG.error("{} of {} can't be encoded and stays as it came: {}", taken.file().hex(), taken.repo(), reason);
        pending.done(taken);
    }
}
