package io.weightspan.server.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.weightspan.codec.analysis.AnalysisOptions;
import io.weightspan.codec.analysis.FamilyAnalysis;
import io.weightspan.codec.analysis.FamilyAnalyzer;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.RefusedException;
import io.weightspan.server.report.FamilyFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells how families are stored and what they share, computed once for each state of a family, one family after the
 * other, beside the requests. While files are encoded, which changes no commit, once a minute at most. Thread-safe.
 */
final class FamilyReports implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(FamilyReports.class);

    private static final int KEPT = 64;
    private static final int MAX_WAITING = 16;
    private static final int MAX_RECORDS = 1000;
    private static final int MAX_MEMBERS = 100;
    private static final long HELD_BYTES = 64L << 20;
    private static final long STOP_SECONDS = 10;
    private static final long RETRY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final String TOO_LARGE =
            "The family is too large to be analysed here; its keeper can run 'weightspan analyze'.";

    private static final String FAILED = "The family could not be analysed; the server's log tells why.";

    private final ObjectStore store;
    private final RecordSummaries summaries;
    private final long mostBytes;
    private final Duration mostTime;
    private final LongSupplier clock;
    private final ThreadPoolExecutor worker = new ThreadPoolExecutor(
            1, 1, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING),
            new DefaultThreadFactory("weightspan-families", true, Thread.MIN_PRIORITY));
    private final Cache<Key, Entry> known =
            Caffeine.newBuilder().maximumSize(KEPT).build();
    private volatile boolean closed;

    /** A state of a family as somebody sees it. */
    private record Key(String family, List<Digest> commits) {}

    /** A report as it grows, when it failed by what may pass, and whether it took too long. */
    private static final class Entry {

        private final AtomicReference<FamilyReport> report = new AtomicReference<>(FamilyReport.BEGUN);
        private final long storedBytes;
        private final long begunAt;
        private volatile @Nullable Long failedAt;
        private volatile boolean late;

        Entry(long storedBytes, long begunAt) {
            this.storedBytes = storedBytes;
            this.begunAt = begunAt;
        }

        void change(UnaryOperator<FamilyReport> change) {
            report.getAndUpdate(change);
        }

        /** Whether it failed long enough ago to be tried again, or files were encoded since it was begun. */
        boolean isStale(long storedNow, long now) {
            Long at = failedAt;
            boolean isOther = storedNow != storedBytes && !report.get().isPending();
            return at != null && now - at > RETRY_NANOS || isOther && now - begunAt > RETRY_NANOS;
        }
    }

    /**
     * Creates reports without computing any.
     *
     * @param store the store, which is open until this is closed
     * @param summaries of its records
     * @param mostBytes a family with more weights than this isn't analysed
     * @param mostTime an analysis that takes longer is given up, so that others get their turn
     * @param clock nanoseconds, by which it is seen when to try again
     */
    FamilyReports(
            ObjectStore store, RecordSummaries summaries, long mostBytes, Duration mostTime, LongSupplier clock) {
        this.store = store;
        this.summaries = summaries;
        this.mostBytes = mostBytes;
        this.mostTime = mostTime;
        this.clock = clock;
    }

    /**
     * Returns how far the report of a family has come; the first who asks has it begun.
     *
     * @param family its name
     * @param heads all commits that the visitor sees, of any family: nothing of others is told
     */
    FamilyReport of(String family, List<Commit> heads) {
        List<Commit> members = heads.stream().filter(head -> head.family().equals(family)).toList();
        Key key = new Key(family, members.stream().map(Commit::object).toList());
        long stored = members.stream().mapToLong(Commit::storedSize).sum();
        long now = clock.getAsLong();
        Entry fresh = new Entry(stored, now);
        Entry entry = known.asMap()
                .compute(key, (same, before) -> before == null || before.isStale(stored, now) ? fresh : before);
        if (entry == fresh) {
            try {
                worker.execute(() -> compute(family, members, heads, entry));
            } catch (RejectedExecutionException e) {
                known.invalidate(key);
                LOG.info("the analysis of a family waits for others, since {} wait already", MAX_WAITING, e);
                return FamilyReport.BEGUN.failed("Other families are being analysed; come back in a while.");
            }
        }
        return entry.report.get();
    }

    /** Stops computing; returns when nothing reads the store any more, or after some seconds. */
    @Override
    public void close() {
        closed = true;
        worker.shutdownNow();
        try {
            if (!worker.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the analysis of a family goes on, though its store is about to be closed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void compute(String family, List<Commit> members, List<Commit> heads, Entry entry) {
        try {
            StoredPicture picture = StoredPicture.of(members, summaries, MAX_RECORDS);
            entry.change(so -> so.with(picture));
            long bytes = weightBytes(members);
            if (bytes > mostBytes) {
                entry.change(so -> so.failed(TOO_LARGE));
                return;
            }
            SharedStructure structure = analyse(family, heads, bytes, entry);
            entry.change(so -> so.with(structure));
        } catch (RefusedException e) {
            LOG.debug("family {} has nothing to analyse", family, e);
            entry.change(so -> so.failed("The family has no weights in safetensors to analyse."));
        } catch (IOException | RuntimeException e) {
            if (closed) {
                LOG.debug("the analysis of a family ended with the server", e);
            } else if (entry.late) {
                LOG.info("the analysis of family {} was given up after {}", family, mostTime);
                entry.change(so -> so.failed(TOO_LARGE));
            } else {
                LOG.warn("family {} could not be analysed", family, e);
                entry.failedAt = clock.getAsLong();
                entry.change(so -> so.failed(FAILED));
            }
        } finally {
            // Whatever else ended it, nobody waits for ever.
            entry.change(so -> so.isPending() ? so.failed(FAILED) : so);
        }
    }

    private SharedStructure analyse(String family, List<Commit> heads, long bytes, Entry entry) throws IOException {
        AnalysisOptions usual = AnalysisOptions.defaults();
        // One thread: whoever downloads comes first.
        AnalysisOptions options = new AnalysisOptions(
                usual.seed(), usual.holdOutEvery(), MAX_MEMBERS, Math.min(HELD_BYTES, usual.heldBytes()), 1);
        AtomicLong done = new AtomicLong();
        long begun = System.nanoTime();
        try (FamilyFiles files = FamilyFiles.open(store, family, heads)) {
            FamilyAnalysis analysis = FamilyAnalyzer.analyze(family, files.members(), files.base(), options, more -> {
                entry.late = System.nanoTime() - begun > mostTime.toNanos();
                if (closed || entry.late) {
                    // Ends the analysis from within: it has no other way to be told.
                    throw new CancellationException("given up");
                }
                // Each byte is heard of about twice.
                long percent = 50 * done.addAndGet(more) / Math.max(1, bytes);
                entry.change(so -> so.at((int) Math.min(99, percent)));
            });
            return SharedStructure.of(analysis.withLeftOut(files.leftOut()));
        }
    }

    private static long weightBytes(List<Commit> members) {
        return members.stream()
                .flatMap(member -> member.files().stream())
                .filter(file -> file.kind() == FileKind.RECORD)
                .mapToLong(CommitFile::size)
                .sum();
    }
}
