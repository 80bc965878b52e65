package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreKeys;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that wait to be encoded (store-layout.md, section 7). Any number of programs take from it; each file is
 * taken by one at a time, for a while: who doesn't come back within that has lost it to the others. Safe for several
 * threads and processes.
 */
public final class PendingFiles {

    private static final String PENDING = "pending/";
    private static final Pattern VALUE =
            Pattern.compile("([^ /]{1,96}/[^ /]{1,96}) ([0-9]{1,15}) ([0-9]{1,9}) ([0-9]{1,15})\n");

    private final ObjectStore store;
    private final InstantSource clock;

    /**
     * Works on the files of a store.
     *
     * @param store the store
     * @param clock tells what time it is
     */
    public PendingFiles(ObjectStore store, InstantSource clock) {
        this.store = requireNonNull(store, "store is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * A file that somebody has taken.
     *
     * @param file its SHA-256
     * @param repo the repository that had it committed
     * @param queued since when it waits
     * @param attempts how often it was taken, this time included
     * @param until when others may take it
     */
    public record Taken(Digest file, RepoId repo, Instant queued, int attempts, Instant until) {

        String text() {
            return repo + " " + queued.toEpochMilli() + " " + attempts + " " + until.toEpochMilli() + "\n";
        }
    }

    /** Adds a file that a repository is about to have, unless it waits already. */
    void add(RepoId repo, Digest file) throws IOException {
        Instant now = clock.instant();
        store.compareAndSet(key(file), null, new Taken(file, repo, now, 0, Instant.EPOCH).text());
    }

    /** Returns whether a file waits, or somebody has taken it. */
    boolean contains(Digest file) throws IOException {
        return store.value(key(file)).isPresent();
    }

    /**
     * Lists what waits or is taken.
     *
     * @return the files' SHA-256, in ascending order
     * @throws IOException if the store can't be read
     */
    public List<Digest> list() throws IOException {
        List<Digest> files = new ArrayList<>();
        for (String key : store.keys(PENDING)) {
            StoreKeys.digest(PENDING, key).ifPresent(files::add);
        }
        return files;
    }

    /**
     * Takes a file.
     *
     * @param lease for how long others leave it alone
     * @return the file; empty where it doesn't wait any more, not yet, or is another's
     * @throws IOException if the store can't be read or written
     */
    public Optional<Taken> take(Digest file, Duration lease) throws IOException {
        Optional<String> text = store.value(key(file));
        Optional<Taken> waiting = text.flatMap(value -> parse(file, value));
        if (text.isPresent() && waiting.isEmpty()) {
            store.compareAndSet(key(file), text.get(), null);
        }
        Instant now = clock.instant();
        if (waiting.isEmpty() || waiting.get().until().isAfter(now)) {
            return Optional.empty();
        }
        Taken before = waiting.get();
        Taken taken = new Taken(file, before.repo(), before.queued(), before.attempts() + 1, now.plus(lease));
        return store.compareAndSet(key(file), text.get(), taken.text()) ? Optional.of(taken) : Optional.empty();
    }

    /**
     * Keeps a file for longer, or gives it back for a later attempt.
     *
     * @param taken the file
     * @param attempts what to count as attempts so far
     * @param time after which others may take it
     * @return the file as it is now; empty where others have taken it meanwhile
     * @throws IOException if the store can't be written
     */
    public Optional<Taken> leave(Taken taken, int attempts, Duration time) throws IOException {
        Taken now = new Taken(taken.file(), taken.repo(), taken.queued(), attempts, clock.instant().plus(time));
        return store.compareAndSet(key(taken.file()), taken.text(), now.text()) ? Optional.of(now) : Optional.empty();
    }

    /**
     * Takes a file off the list, unless others have taken it meanwhile.
     *
     * @throws IOException if the store can't be written
     */
    public void done(Taken taken) throws IOException {
        store.compareAndSet(key(taken.file()), taken.text(), null);
    }

    private static Optional<Taken> parse(Digest file, String text) {
        Matcher value = VALUE.matcher(text);
        if (!value.matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Taken(
                    file,
                    RepoId.of(value.group(1)),
                    Instant.ofEpochMilli(Long.parseLong(value.group(2))),
                    Integer.parseInt(value.group(3)),
                    Instant.ofEpochMilli(Long.parseLong(value.group(4)))));
        } catch (InvalidNameException e) {
            // Nobody can encode a file of what is no repository.
            return Optional.empty();
        }
    }

    private static String key(Digest file) {
        return StoreKeys.of(PENDING, file);
    }
}
