package io.weightspan.server.repo;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreCleaner;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.StoredObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A store whose disk is full after some writes: from then on nothing can be added or set, only removed. */
final class FailingStore implements ObjectStore {

    static final String MESSAGE = "No space left on device";

    private final ObjectStore store;
    private int allowed;

    FailingStore(ObjectStore store, int allowed) {
        this.store = store;
        this.allowed = allowed;
    }

    private synchronized void spend() throws IOException {
        if (allowed-- <= 0) {
            throw new IOException(MESSAGE);
        }
    }

    @Override
    public String location() {
        return store.location();
    }

    @Override
    public ByteSource open(Digest digest) throws IOException {
        return store.open(digest);
    }

    @Override
    public OptionalLong size(Digest digest) throws IOException {
        return store.size(digest);
    }

    @Override
    public Stream<Digest> list(String hexPrefix) throws IOException {
        return store.list(hexPrefix);
    }

    @Override
    public Optional<Path> localFile(Digest digest) throws IOException {
        return store.localFile(digest);
    }

    @Override
    public Optional<String> value(String key) throws IOException {
        return store.value(key);
    }

    @Override
    public boolean compareAndSet(String key, @Nullable String expected, @Nullable String update) throws IOException {
        // A branch that another commit replaced is put back even on a full disk where the file system can.
        if (update != null && !(expected != null && allowed <= 0)) {
            spend();
        }
        return store.compareAndSet(key, expected, update);
    }

    @Override
    public List<String> keys(String prefix) throws IOException {
        return store.keys(prefix);
    }

    @Override
    public boolean delete(Digest digest) throws IOException {
        return store.delete(digest);
    }

    @Override
    public StoreSession openSession() throws IOException {
        StoreSession session = store.openSession();
        return new StoreSession() {
            @Override
            public Path newFile() {
                return session.newFile();
            }

            @Override
            public StoredObject put(Path source) throws IOException {
                spend();
                return session.put(source);
            }

            @Override
            public StoredObject put(byte[] bytes) throws IOException {
                spend();
                return session.put(bytes);
            }

            @Override
            public StoredObject take(Path file, Digest digest) throws IOException {
                try {
                    spend();
                } catch (IOException e) {
                    Files.delete(file);
                    throw e;
                }
                return session.take(file, digest);
            }

            @Override
            public boolean keep(Digest digest) throws IOException {
                return session.keep(digest);
            }

            @Override
            public List<Digest> added() {
                return session.added();
            }

            @Override
            public void close() throws IOException {
                session.close();
            }
        };
    }

    @Override
    public Optional<StoreCleaner> tryClean() throws IOException {
        return store.tryClean();
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
