package io.weightspan.server.store.s3;

import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreMarker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The values of a store in a bucket, changed by conditional writes alone (ST-S3-004).
 *
 * <p>A removed value stays as an object without bytes: a condition on a write is what every service has, one on a
 * deletion is not, and a deletion without one could remove a value that has just been set. Nor would one help: all
 * objects without bytes have the same entity tag (store-layout.md, section 5).
 *
 * <p>A write whose answer was lost is repeated, by the SDK or by whoever sits between, and the repetition finds its own
 * work and is refused. So every write has a random name and the object carries the names of the last writes: who is
 * refused looks whether its own is among them. Thread-safe.
 */
final class S3Values {

    /** A value that changes under a writer so often that its own write never comes through is a defect elsewhere. */
    private static final int MAX_TRIES = 100;

    private static final int LIST_PAGE = 1000;
    private static final long FIRST_PAUSE_MILLIS = 4;
    private static final long MAX_PAUSE_MILLIS = 500;

    private final Bucket bucket;
    private volatile boolean conditionsHold;

    S3Values(Bucket bucket) {
        this.bucket = bucket;
    }

    /** As {@link ObjectStore#value}; the key has been checked. */
    Optional<String> value(String key) throws IOException {
        return read(key).map(ValueObject::text);
    }

    /** As {@link ObjectStore#compareAndSet}; the arguments have been checked. */
    boolean compareAndSet(String key, @Nullable String expected, @Nullable String update) throws IOException {
        String write = ValueObject.newWrite();
        Optional<ValueObject> before = read(key);
        for (int attempt = 0; attempt < MAX_TRIES; attempt++) {
            @Nullable
            String text = before.map(ValueObject::text).orElse(null);
            if (!Objects.equals(text, expected)) {
                return false;
            }
            if (Objects.equals(text, update)) {
                return true; // as asked already, at the moment of reading
            }
            checkConditions();
            if (attempt > 0) {
                pause(attempt); // refused, but unchanged: another write is on its way
            }
            Bucket.Write written = write(key, update, write, before);
            if (written == Bucket.Write.DONE) {
                return true;
            }
            Optional<ValueObject> now = read(key);
            if (isAmong(key, write, written, before, now)) {
                return true;
            }
            before = now;
        }
        throw new IOException("can't set " + key + " in " + bucket.location() + ": the service refused "
                + MAX_TRIES + " times to write it, though it was what it had to be each time");
    }

    /** As {@link ObjectStore#keys}; the prefix has been checked. */
    List<String> keys(String prefix) throws IOException {
        List<String> keys = new ArrayList<>();
        @Nullable
        String from = null;
        do {
            Bucket.Page page = bucket.list(prefix, LIST_PAGE, from);
            for (Bucket.Listed object : page.objects()) {
                // Without bytes: a removed value, or the "folder" that some consoles make.
                if (object.size() > 0 && !object.key().endsWith("/")) {
                    keys.add(object.key());
                }
            }
            from = page.next();
        } while (from != null);
        Collections.sort(keys);
        return keys;
    }

    /** Writes a value's object in the place of another. */
    private Bucket.Write write(
            String key, @Nullable String update, String write, Optional<ValueObject> before) throws IOException {
        Map<String, String> metadata = ValueObject.metadata(write, before);
        @Nullable
        String etag = before.map(ValueObject::etag).orElse(null);
        try {
            return bucket.putIf(key, ValueObject.bytes(update), metadata, etag);
        } catch (IOException failure) {
            // No answer, or one that tells nothing: the object itself tells, if the write has come through. If not, it
            // may yet, so that nobody can say that it has failed.
            try {
                if (read(key).filter(now -> now.writes().contains(write)).isPresent()) {
                    return Bucket.Write.DONE;
                }
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
            throw failure;
        }
    }

    /**
     * Returns whether a write that was refused is one of those that led to what is there.
     *
     * @param refusal how it was refused
     * @param before what the write was to replace
     * @param now what is there
     * @throws IOException if an answer was lost and so many writes have followed that nobody can tell
     */
    private boolean isAmong(
            String key, String write, Bucket.Write refusal, Optional<ValueObject> before, Optional<ValueObject> now)
            throws IOException {
        List<String> writes = now.map(ValueObject::writes).orElse(List.of());
        if (writes.contains(write)) {
            return true;
        }
        List<String> earlier = before.map(ValueObject::writes).orElse(List.of());
        boolean isWhole =
                writes.size() < ValueObject.MAX_WRITES || (!earlier.isEmpty() && writes.contains(earlier.getFirst()));
        if (!isWhole && refusal != Bucket.Write.REFUSED) {
            throw new IOException("so many writes of " + key + " in " + bucket.location()
                    + " have followed on one another that nobody can tell whether this one was among them");
        }
        return false;
    }

    private Optional<ValueObject> read(String key) throws IOException {
        Optional<Bucket.Small> object = bucket.small(key, ObjectStore.MAX_VALUE_BYTES + 1);
        if (object.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(ValueObject.of(object.get()));
        } catch (IOException e) {
            throw new IOException("can't read " + key + " in " + bucket.location() + ": " + e.getMessage(), e);
        }
    }

    /**
     * Makes sure, once, that the service heeds conditions: one that ignores them would lose updates in silence. What is
     * tried is to write the marker over itself, on conditions that don't hold.
     */
    private void checkConditions() throws IOException {
        if (conditionsHold) {
            return;
        }
        byte[] marker = StoreMarker.TEXT.getBytes(StandardCharsets.UTF_8);
        String wrong = "\"00000000000000000000000000000000\"";
        if (bucket.putIf(StoreMarker.NAME, marker, Map.of(), null) == Bucket.Write.DONE
                || bucket.putIf(StoreMarker.NAME, marker, Map.of(), wrong) == Bucket.Write.DONE) {
            throw new IOException("the service of " + bucket.location() + " ignores If-None-Match or If-Match when it"
                    + " writes; a store needs a service that heeds both");
        }
        conditionsHold = true;
    }

    /** Waits a little longer each time, and not all writers equally long. */
    private static void pause(int attempt) {
        long most = Math.min(MAX_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(attempt, 10));
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(ThreadLocalRandom.current().nextLong(1, most + 1)));
    }
}
