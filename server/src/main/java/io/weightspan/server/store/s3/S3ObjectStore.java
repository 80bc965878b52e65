package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.BlockReads;
import io.weightspan.server.store.GcMarks;
import io.weightspan.server.store.NotAStoreException;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Scratch;
import io.weightspan.server.store.StoreCleaner;
import io.weightspan.server.store.StoreKeys;
import io.weightspan.server.store.StoreMarker;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An {@link ObjectStore} in a bucket of an S3 service (store-layout.md, section 5). Its only state is a cache, so any
 * number of processes on any machines share a store.
 *
 * <p>A bucket has no locks: sessions of other machines can't be seen, so {@link #tryClean} gives nobody the right to
 * delete, ever. What is garbage is deleted by {@link GcMarks}.
 */
final class S3ObjectStore implements ObjectStore {

    /** How long an object's length is believed without asking again: objects don't change, but may be deleted. */
    private static final Duration BELIEVED = Duration.ofMinutes(1);

    private static final int MOST_SIZES = 10_000;

    private final Bucket bucket;
    private final S3Settings settings;
    private final S3Values values;
    private final Uploads uploads;
    private final Blocks blocks;
    private final Cache<Digest, Long> sizes =
            Caffeine.newBuilder().expireAfterWrite(BELIEVED).maximumSize(MOST_SIZES).build();

    private S3ObjectStore(Bucket bucket, S3Settings settings) {
        this.bucket = bucket;
        this.settings = settings;
        this.values = new S3Values(bucket);
        this.uploads = new Uploads(bucket, settings.partBytes());
        this.blocks = new Blocks(bucket, new DiskBlocks(settings.cache(), settings.cacheBytes()));
    }

    /**
     * Opens a store that is there. Writes nothing.
     *
     * @throws NotAStoreException if there is no bucket, no marker in it, or one of another version (ST-S3-001)
     * @throws IOException if it can't be read
     */
    static S3ObjectStore open(S3Location location, S3Settings settings) throws IOException {
        Bucket bucket = Bucket.connect(location, settings);
        try {
            if (!hasMarker(bucket)) {
                throw new NotAStoreException(location + " is not a store: it has no object " + StoreMarker.NAME
                        + "; 'weightspan pack' makes one");
            }
            return new S3ObjectStore(bucket, settings);
        } catch (IOException | RuntimeException e) {
            bucket.close();
            throw e;
        }
    }

    /**
     * Opens a store, or makes one below a prefix that nothing is below.
     *
     * @throws NotAStoreException if there is no bucket, something else is there, or the marker of another version
     * @throws IOException if it can't be read or written
     */
    static S3ObjectStore openOrCreate(S3Location location, S3Settings settings) throws IOException {
        try (Bucket bucket = Bucket.connect(location, settings)) {
            if (!hasMarker(bucket)) {
                // What is there may be a store that another process has just made, so the marker is looked for again.
                if (!bucket.list("", 1, null).objects().isEmpty() && !hasMarker(bucket)) {
                    throw new NotAStoreException(
                            location + " is not a store and is not empty; name a new or an empty prefix as the store");
                }
                byte[] marker = StoreMarker.TEXT.getBytes(StandardCharsets.UTF_8);
                // Where another process was faster, its marker is checked when the store is opened.
                bucket.putIf(StoreMarker.NAME, marker, Map.of(), null);
            }
        }
        return open(location, settings);
    }

    @Override
    public String location() {
        return bucket.location().toString();
    }

    @Override
    public ByteSource open(Digest digest) throws IOException {
        @Nullable
        Long known = sizes.getIfPresent(digest);
        long size = known != null
                ? known
                : size(digest).orElseThrow(() -> new ObjectNotFoundException(location(), digest));
        return new S3Source(blocks, new Blocks.Stored(digest, size), location() + "/" + name(digest));
    }

    @Override
    public OptionalLong size(Digest digest) throws IOException {
        OptionalLong size = bucket.size(name(digest));
        size.ifPresentOrElse(bytes -> sizes.put(digest, bytes), () -> sizes.invalidate(digest));
        return size;
    }

    @Override
    public Stream<Digest> list(String hexPrefix) throws IOException {
        return ObjectList.stream(bucket, StoreKeys.checkHexPrefix(hexPrefix));
    }

    /** Returns empty: objects are elsewhere. */
    @Override
    public Optional<Path> localFile(Digest digest) {
        requireNonNull(digest, "digest is null");
        return Optional.empty();
    }

    @Override
    public Optional<String> value(String key) throws IOException {
        return values.value(StoreKeys.check(key));
    }

    @Override
    public boolean compareAndSet(String key, @Nullable String expected, @Nullable String update) throws IOException {
        StoreKeys.check(key);
        if (update != null) {
            StoreKeys.checkValue(key, update);
        }
        return values.compareAndSet(key, expected, update);
    }

    @Override
    public List<String> keys(String prefix) throws IOException {
        return values.keys(StoreKeys.checkPrefix(prefix));
    }

    @Override
    public StoreSession openSession() throws IOException {
        return new S3Session(this, uploads, Scratch.open(ScratchFolder.of(settings.scratch())));
    }

    /** Returns empty, always: nobody can know whether a session is open on another machine. */
    @Override
    public Optional<StoreCleaner> tryClean() {
        return Optional.empty();
    }

    @Override
    public boolean canClean() {
        return false;
    }

    @Override
    public boolean delete(Digest digest) throws IOException {
        String name = name(digest);
        boolean isThere = bucket.size(name).isPresent();
        if (isThere) {
            bucket.delete(name);
        }
        sizes.invalidate(digest);
        return isThere;
    }

    @Override
    public Optional<BlockReads> blockReads() {
        return Optional.of(blocks.reads());
    }

    @Override
    public void close() {
        blocks.close();
        uploads.close();
        bucket.close();
    }

    /** Returns an object's name in the store (ST-S3-003). */
    static String name(Digest digest) {
        String hex = digest.hex();
        return ObjectList.FOLDER + hex.substring(0, ObjectList.FOLDER_DIGITS) + "/"
                + hex.substring(ObjectList.FOLDER_DIGITS);
    }

    private static boolean hasMarker(Bucket bucket) throws IOException {
        Optional<Bucket.Small> marker = bucket.small(StoreMarker.NAME, StoreMarker.MAX_BYTES);
        if (marker.isPresent() && !StoreMarker.isKnown(new String(marker.get().bytes(), StandardCharsets.UTF_8))) {
            throw new NotAStoreException("store " + bucket.location()
                    + " is of a version that this program doesn't know; use a newer one");
        }
        return marker.isPresent();
    }
}
