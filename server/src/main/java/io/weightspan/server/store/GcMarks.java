package io.weightspan.server.store;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The marks by which garbage collections and ingests of any number of processes agree on which objects go
 * (store-layout.md, section 6). A mark is a value: since when an object has been seen unreachable, or that it is being
 * deleted right now. As marks change by compare-and-set only, an object whose mark an ingest has removed in time stays,
 * and an ingest that comes too late waits until the object is gone.
 *
 * <p>Built on an {@link ObjectStore}'s values, so it works the same in a folder and in a bucket. Safe for several
 * threads.
 */
public final class GcMarks {

    /** A deletion that has not begun this long after it was announced is not begun any more. */
    static final Duration LEASE = Duration.ofSeconds(30);

    /** An announced deletion that is this old by the clock is not going on: its process is gone. */
    static final Duration ABANDONED = Duration.ofMinutes(15);

    /** Nor is one that an ingest has waited for this long. Both are far beyond the lease, as clocks differ. */
    static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration PAUSE = Duration.ofMillis(250);
    private static final String PREFIX = "gc/";
    private static final Pattern TEXT = Pattern.compile("(since|deleting) ([0-9]{1,18})\n");

    private final ObjectStore store;
    private final InstantSource clock;
    private final Waiting waiting;

    /**
     * Marks objects of a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public GcMarks(ObjectStore store) {
        this(store, InstantSource.system());
    }

    /**
     * Marks objects of a store by another clock than the machine's.
     *
     * @param store the store, which stays the caller's to close
     * @param clock tells what time goes into marks
     */
    public GcMarks(ObjectStore store, InstantSource clock) {
        this(store, clock, GcMarks::sleep);
    }

    GcMarks(ObjectStore store, InstantSource clock, Waiting waiting) {
        this.store = requireNonNull(store, "store is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.waiting = requireNonNull(waiting, "waiting is null");
    }

    /** Lets time pass. */
    @FunctionalInterface
    interface Waiting {
        /** Returns after about this time. */
        void pause(Duration time) throws InterruptedIOException;
    }

    /** What a mark says. */
    public enum State {
        /** That the object was seen unreachable. */
        UNREACHABLE,
        /** That somebody is about to delete it. */
        DELETING,
        /** Nothing that this program understands. */
        UNKNOWN
    }

    /**
     * A mark as it was read.
     *
     * @param state what it says
     * @param time since when; that of reading it where it says nothing
     * @param text the value
     */
    public record Mark(State state, Instant time, String text) {

        /** Checks the arguments. */
        public Mark {
            requireNonNull(state, "state is null");
            requireNonNull(time, "time is null");
            requireNonNull(text, "text is null");
        }
    }

    /**
     * Lists the objects that have a mark, whether or not they are there.
     *
     * @return the objects, in ascending order
     * @throws IOException if the store can't be read
     */
    public List<Digest> objects() throws IOException {
        List<Digest> objects = new ArrayList<>();
        for (String key : store.keys(PREFIX)) {
            StoreKeys.digest(PREFIX, key).ifPresent(objects::add);
        }
        return objects;
    }

    /**
     * Reads an object's mark.
     *
     * @param object the object
     * @return its mark, or empty where it has none
     * @throws IOException if the store can't be read
     */
    public Optional<Mark> find(Digest object) throws IOException {
        return store.value(key(object)).map(this::parse);
    }

    /**
     * Marks an object as unreachable since now.
     *
     * @param object the object
     * @param before the mark that it must have, or empty where it must have none
     * @return whether it is marked; false where its mark has been changed by somebody else
     * @throws IOException if the store can't be read or written
     */
    public boolean set(Digest object, Optional<Mark> before) throws IOException {
        return store.compareAndSet(
                key(object), before.map(Mark::text).orElse(null), text("since", clock.instant()));
    }

    /**
     * Removes a mark.
     *
     * @param object the object
     * @param mark the mark that it must have
     * @return whether it had it
     * @throws IOException if the store can't be read or written
     */
    public boolean clear(Digest object, Mark mark) throws IOException {
        return store.compareAndSet(key(object), mark.text(), null);
    }

    /**
     * Deletes an object, unless its mark has been changed by somebody else.
     *
     * @param object the object
     * @param before the mark that it must have, or empty where it must have none
     * @return whether the object was there and is gone
     * @throws IOException if the store can't be read or written; the object may be gone
     */
    public boolean delete(Digest object, Optional<Mark> before) throws IOException {
        String key = key(object);
        String had = before.map(Mark::text).orElse(null);
        Instant begin = clock.instant();
        String announced = text("deleting", begin);
        if (!store.compareAndSet(key, had, announced)) {
            return false;
        }
        // Whoever waits for this deletion gives up on it one day: it must not come after that.
        if (Duration.between(begin, clock.instant()).compareTo(LEASE) > 0) {
            store.compareAndSet(key, announced, had);
            return false;
        }
        boolean deleted = store.delete(object);
        store.compareAndSet(key, announced, null);
        return deleted;
    }

    /**
     * Sees to it that an object that nothing refers to yet stays for as long as garbage collections spare what has
     * become unreachable: removes its mark, or waits until it is deleted where that has begun.
     *
     * @param object the object
     * @return whether the store has it
     * @throws InterruptedIOException if the thread is interrupted while it waits
     * @throws IOException if the store can't be read or written
     */
    public boolean keep(Digest object) throws IOException {
        return keptSize(object).isPresent();
    }

    /**
     * Keeps an object as {@link #keep} does.
     *
     * @param object the object
     * @return its length in bytes, or empty where the store doesn't have it
     * @throws InterruptedIOException if the thread is interrupted while it waits
     * @throws IOException if the store can't be read or written
     */
    public OptionalLong keptSize(Digest object) throws IOException {
        String key = key(object);
        Optional<String> awaited = Optional.empty();
        Duration waited = Duration.ZERO;
        while (true) {
            Optional<String> text = store.value(key);
            if (text.isEmpty()) {
                // In this order: an object that was there before its mark was looked for may be gone by now.
                return store.size(object);
            }
            waited = text.equals(awaited) ? waited.plus(PAUSE) : Duration.ZERO;
            awaited = text;
            Mark mark = parse(text.get());
            if (mark.state() == State.DELETING && !isAbandoned(mark) && waited.compareTo(PATIENCE) < 0) {
                waiting.pause(PAUSE);
            } else {
                // Whether or not it was still the same: the next look at it tells.
                store.compareAndSet(key, text.get(), null);
            }
        }
    }

    /**
     * Tells whether a deletion was announced by a process that is gone.
     *
     * @param mark a mark
     * @return whether it announces a deletion that nobody does any more
     */
    public boolean isAbandoned(Mark mark) {
        return mark.state() == State.DELETING
                && Duration.between(mark.time(), clock.instant()).compareTo(ABANDONED) >= 0;
    }

    /** Returns the key of an object's mark. */
    static String key(Digest object) {
        return StoreKeys.of(PREFIX, object);
    }

    private static String text(String word, Instant time) {
        return word + " " + time.toEpochMilli() + "\n";
    }

    private Mark parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return new Mark(State.UNKNOWN, clock.instant(), text);
        }
        State state = matcher.group(1).equals("since") ? State.UNREACHABLE : State.DELETING;
        return new Mark(state, Instant.ofEpochMilli(Long.parseLong(matcher.group(2))), text);
    }

    private static void sleep(Duration time) throws InterruptedIOException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an object was being deleted");
        }
    }
}
