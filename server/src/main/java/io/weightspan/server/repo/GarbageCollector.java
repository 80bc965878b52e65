package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.store.GcMarks;
import io.weightspan.server.store.GcMarks.Mark;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreCleaner;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Deletes what no branch and no tag reaches and has not reached for a time of grace (store-layout.md, section 6).
 *
 * <p>One run marks what it finds unreachable, and a later one deletes it once the mark is as old as the grace. What is
 * reachable stays, and so does everything that it needs to be decoded: if any of that is damaged or missing, nothing is
 * deleted. Any number of collections and ingests may be at work on the store, on any number of machines. An ingest that
 * takes longer than the grace may fail, but what it has committed is whole. Safe for several threads.
 */
public final class GarbageCollector {

    /** What is deleted unless another time is asked for. */
    public static final Duration DEFAULT_GRACE = Duration.ofHours(24);

    /** Ingests keep their objects for as long as it takes to point a branch at them; with less than this they can't. */
    public static final Duration LEAST_GRACE = Duration.ofMinutes(10);

    /** Nothing can have been seen so long after now. */
    private static final Duration WRONG_CLOCK = Duration.ofDays(1);

    private final ObjectStore store;
    private final InstantSource clock;
    private final GcMarks marks;

    /**
     * Collects the garbage of a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public GarbageCollector(ObjectStore store) {
        this(store, InstantSource.system());
    }

    /**
     * Collects the garbage of a store by another clock than the machine's.
     *
     * @param store the store, which stays the caller's to close
     * @param clock tells what time it is
     */
    public GarbageCollector(ObjectStore store, InstantSource clock) {
        this.store = requireNonNull(store, "store is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.marks = new GcMarks(store, clock);
    }

    /**
     * What to do.
     *
     * @param grace how long an object must have been known to be unreachable to be deleted, at least 0. With less than
     *     {@link #LEAST_GRACE} nobody may write to the store meanwhile: where the store can tell, that is made sure
     * @param dryRun whether only to tell; nothing is deleted or marked then
     * @param jobs how many threads work, at least 1
     */
    public record Request(Duration grace, boolean dryRun, int jobs) {

        /**
         * Checks the arguments.
         *
         * @throws IllegalArgumentException if the grace is negative, or there is no thread
         */
        public Request {
            requireNonNull(grace, "grace is null");
            if (grace.isNegative()) {
                throw new IllegalArgumentException("a grace of " + grace);
            }
            if (jobs < 1) {
                throw new IllegalArgumentException(jobs + " jobs");
            }
        }
    }

    /**
     * An object that nothing reaches.
     *
     * @param object its name
     * @param size its bytes
     * @param since since when that is known; empty where this run is the first to see it
     * @param removed whether it is deleted, or, in a dry run, would have been
     */
    public record Unreachable(Digest object, long size, Optional<Instant> since, boolean removed) {}

    /**
     * What was found and done.
     *
     * @param objects objects there were
     * @param bytes their bytes
     * @param unreachable those that nothing reaches, in ascending order of name
     */
    public record Report(long objects, long bytes, List<Unreachable> unreachable) {

        /** Copies the list. */
        public Report {
            unreachable = List.copyOf(unreachable);
        }

        /** Returns the bytes of what nothing reaches. */
        public long unreachableBytes() {
            return unreachable.stream().mapToLong(Unreachable::size).sum();
        }

        /** Returns what is deleted, or would have been. */
        public List<Unreachable> removed() {
            return unreachable.stream().filter(Unreachable::removed).toList();
        }

        /** Returns the bytes of what is deleted, or would have been. */
        public long removedBytes() {
            return removed().stream().mapToLong(Unreachable::size).sum();
        }
    }

    /**
     * Collects.
     *
     * @param request what to do
     * @param listener hears how it goes on
     * @return what was found and done
     * @throws StoreBusyException if the grace is so short that nobody may write, and somebody does
     * @throws CorruptStoreException if anything that a ref reaches is damaged or missing; nothing is deleted then
     * @throws IOException if the store can't be read or written; what was deleted by then was due
     */
    public Report run(Request request, PackListener listener) throws IOException {
        if (request.dryRun()) {
            return collect(request, listener);
        }
        // Beginning a session does away with the scratch files of processes that are gone.
        store.openSession().close();
        try (Closeable alone = alone(request.grace())) {
            requireNonNull(alone);
            return collect(request, listener);
        }
    }

    /** Keeps sessions out where the grace is too short to work beside them and the store can. */
    private Closeable alone(Duration grace) throws IOException {
        if (grace.compareTo(LEAST_GRACE) >= 0 || !store.canClean()) {
            return () -> {};
        }
        Optional<StoreCleaner> right = store.tryClean();
        return right.orElseThrow(() -> new StoreBusyException(
                "nothing was removed: somebody is writing to store " + store.location()
                        + ", and with a grace of less than "
                        + LEAST_GRACE.toMinutes() + " minutes nobody may; wait, or grant more"));
    }

    private Report collect(Request request, PackListener listener) throws IOException {
        // Marks count by their age at this moment: what was kept before it and is committed by now is seen below.
        Instant begin = clock.instant();
        Reachability reachable = reachable(request, listener);
        Set<Digest> there = objects();
        Map<Digest, Mark> marked = new ConcurrentHashMap<>();
        Workers.run(request.jobs(), marks.objects(), object -> {
            Optional<Mark> mark = marks.find(object);
            if (mark.isPresent()) {
                marked.put(object, mark.get());
                boolean isNeedless = reachable.contains(object) || !there.contains(object);
                if (isNeedless && !request.dryRun() && !isBeingDeleted(mark.get())) {
                    marks.clear(object, mark.get());
                }
            }
        });
        there.removeAll(reachable.objects());
        List<Unreachable> found = found(there, marked, begin, request);
        if (!request.dryRun()) {
            found = sweep(found, marked, request, listener);
        }
        long bytes = reachable.bytes() + found.stream().mapToLong(Unreachable::size).sum();
        return new Report(reachable.objects().size() + (long) found.size(), bytes, found);
    }

    private Reachability reachable(Request request, PackListener listener) throws IOException {
        try {
            return Reachability.of(store, request.jobs(), listener);
        } catch (CorruptStoreException e) {
            throw new CorruptStoreException("nothing was removed: " + e.getMessage(), e);
        }
    }

    private Set<Digest> objects() throws IOException {
        try (Stream<Digest> objects = store.list("")) {
            Set<Digest> all = new HashSet<>();
            objects.forEach(all::add);
            return all;
        }
    }

    /** Whether a mark tells a time that may be true; one of a clock that was wrong is set anew. */
    private static boolean isTime(Mark mark, Instant now) {
        return switch (mark.state()) {
            case UNREACHABLE -> !mark.time().isAfter(now.plus(WRONG_CLOCK));
            case DELETING -> true;
            case UNKNOWN -> false;
        };
    }

    private boolean isBeingDeleted(Mark mark) {
        return mark.state() == GcMarks.State.DELETING && !marks.isAbandoned(mark);
    }

    /** What nothing reaches, each with whether its time has come. */
    private List<Unreachable> found(Set<Digest> objects, Map<Digest, Mark> marked, Instant begin, Request request)
            throws IOException {
        List<Unreachable> found = Collections.synchronizedList(new ArrayList<>());
        Workers.run(request.jobs(), List.copyOf(objects), object -> {
            Optional<Mark> mark = Optional.ofNullable(marked.get(object));
            Optional<Instant> since = mark.filter(one -> isTime(one, begin)).map(Mark::time);
            boolean isOld = request.grace().isZero()
                    || since.isPresent() && !since.get().plus(request.grace()).isAfter(begin)
                    || mark.filter(marks::isAbandoned).isPresent(); // it was due already
            boolean isDue = isOld && mark.filter(this::isBeingDeleted).isEmpty();
            store.size(object).ifPresent(size -> found.add(new Unreachable(object, size, since, isDue)));
        });
        found.sort(Comparator.comparing(Unreachable::object));
        return found;
    }

    /** Marks what is new, deletes what is due, and says what has come of it. */
    private List<Unreachable> sweep(
            List<Unreachable> found, Map<Digest, Mark> marked, Request request, PackListener listener)
            throws IOException {
        Set<Digest> deleted = ConcurrentHashMap.newKeySet();
        long due = found.stream().filter(Unreachable::removed).mapToLong(Unreachable::size).sum();
        Progress progress = listener.begins("removing", due);
        Workers.run(request.jobs(), found, one -> {
            Optional<Mark> mark = Optional.ofNullable(marked.get(one.object()));
            if (one.removed()) {
                if (marks.delete(one.object(), mark)) {
                    deleted.add(one.object());
                }
                progress.advance(one.size());
            } else if (one.since().isEmpty()) {
                marks.set(one.object(), mark);
            }
        });
        forgetHints(deleted, request.jobs());
        return found.stream()
                .map(one -> new Unreachable(one.object(), one.size(), one.since(), deleted.contains(one.object())))
                .toList();
    }

    /** Removes the hints and other values that lead to what is deleted. */
    private void forgetHints(Set<Digest> deleted, int jobs) throws IOException {
        if (deleted.isEmpty()) {
            return;
        }
        EncodingIndex.forget(store, deleted, jobs);
        Uploads.forget(store, deleted, jobs);
        XorbIndex.forget(store, deleted, jobs);
        FileIndex index = new FileIndex(store);
        Workers.run(jobs, index.keys(), key -> {
            Optional<FileIndex.Hint> hint = index.find(key);
            // An ingest may have stored the same object again since.
            if (hint.isPresent() && deleted.contains(hint.get().object()) && !store.exists(hint.get().object())) {
                index.forget(key, hint.get().object());
            }
        });
    }
}
