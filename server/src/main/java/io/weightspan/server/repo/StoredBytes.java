package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import java.util.HashSet;
import java.util.Set;

/** Adds up what commits take, an object that several hold or need counted once. For one thread. */
public final class StoredBytes {

    private final Set<Digest> seen = new HashSet<>();
    private long total;
    private long shared;

    /** Starts at 0. */
    public StoredBytes() {}

    /** Adds the objects that hold a commit's files and those that its records need and that hold no file. */
    public void add(Commit commit) {
        for (CommitFile file : commit.files()) {
            total += seen.add(file.object()) ? file.storedSize() : 0;
        }
        for (SharedObject needed : commit.shared()) {
            if (seen.add(needed.object())) {
                total += needed.size();
                shared += needed.size();
            }
        }
    }

    /** Returns the bytes of all objects. */
    public long total() {
        return total;
    }

    /** Returns the bytes of those that hold no file. */
    public long shared() {
        return shared;
    }
}
