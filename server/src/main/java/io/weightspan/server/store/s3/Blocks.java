package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.BlockReads;
import io.weightspan.server.store.ObjectNotFoundException;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * The blocks of a store's objects: from memory, from the local disk, or from the service. Blocks that follow on one
 * another are fetched with one request, and a block that several readers want at once is fetched once. Thread-safe.
 */
final class Blocks implements Closeable {

    /** Bytes of a block; the last one of an object may have fewer. */
    static final int LENGTH = 1 << 20;

    /** The most blocks of one request: beyond this a request's own cost is lost in its transfer. */
    private static final int MOST_OF_A_REQUEST = 8;

    private static final long MOST_IN_MEMORY = Math.min(256L << 20, Runtime.getRuntime().maxMemory() / 8);

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** An object and its length. */
    record Stored(Digest digest, long size) {}

    private record Id(Digest digest, long block) {}

    private final Bucket bucket;
    private final DiskBlocks disk;
    private final String store;
    private final Cache<Id, MemorySegment> memory = Caffeine.newBuilder()
            .maximumWeight(MOST_IN_MEMORY)
            .weigher((Id id, MemorySegment bytes) -> Math.toIntExact(bytes.byteSize()))
            .build();
    private final ConcurrentHashMap<Id, CompletableFuture<MemorySegment>> onTheirWay = new ConcurrentHashMap<>();
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final ExecutorService fetchers = Executors.newVirtualThreadPerTaskExecutor();

    Blocks(Bucket bucket, DiskBlocks disk) {
        this.bucket = bucket;
        this.disk = disk;
        this.store = bucket.url();
    }

    /**
     * Returns a block.
     *
     * @param block counted from 0, within the object
     * @return its bytes, to be read only, for as long as they are used
     * @throws ObjectNotFoundException if the object is gone
     * @throws IOException if it can't be read
     */
    MemorySegment get(Stored object, long block) throws IOException {
        Id id = new Id(object.digest(), block);
        MemorySegment known = memory.getIfPresent(id);
        if (known != null) {
            return known;
        }
        prepare(object, block, block);
        CompletableFuture<MemorySegment> coming = onTheirWay.get(id);
        if (coming == null) {
            known = memory.getIfPresent(id);
            if (known != null) {
                return known;
            }
            // It came, or failed to, since it was asked for; and if it came, there was no room to keep it.
            CompletableFuture<MemorySegment> own = new CompletableFuture<>();
            fetch(object, block, List.of(own));
            coming = own;
        }
        try {
            return coming.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted while an object was read");
            interrupted.initCause(e);
            throw interrupted;
        } catch (ExecutionException e) {
            throw failure(object, requireNonNull(e.getCause()));
        }
    }

    /** Begins to fetch those of a run of blocks that aren't at hand; the run may reach beyond the object. */
    void prepare(Stored object, long first, long last) {
        long end = Math.min(last, (object.size() - 1) / LENGTH) + 1;
        List<CompletableFuture<MemorySegment>> run = new ArrayList<>();
        for (long block = first; block < end; block++) {
            Id id = new Id(object.digest(), block);
            CompletableFuture<MemorySegment> own = new CompletableFuture<>();
            boolean wanted = memory.getIfPresent(id) == null && onTheirWay.putIfAbsent(id, own) == null;
            if (!wanted || run.size() == MOST_OF_A_REQUEST) {
                start(object, block - run.size(), run);
                run.clear();
            }
            if (wanted) {
                run.add(own);
            }
        }
        start(object, end - run.size(), run);
    }

    /** Returns how many blocks have come from the disk and how many from the service. */
    BlockReads reads() {
        return new BlockReads(hits.sum(), misses.sum());
    }

    /** Lets what is on its way arrive on the disk, for a few seconds; nobody reads any more. */
    @Override
    public void close() {
        fetchers.shutdown();
        try {
            if (!fetchers.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                fetchers.shutdownNow();
            }
        } catch (InterruptedException e) {
            fetchers.shutdownNow();
            Thread.currentThread().interrupt();
        }
        fetchers.close();
    }

    private void start(Stored object, long first, List<CompletableFuture<MemorySegment>> run) {
        if (run.isEmpty()) {
            return;
        }
        List<CompletableFuture<MemorySegment>> blocks = List.copyOf(run);
        fetchers.execute(() -> {
            try {
                fetch(object, first, blocks);
            } finally {
                for (int i = 0; i < blocks.size(); i++) {
                    onTheirWay.remove(new Id(object.digest(), first + i), blocks.get(i));
                }
            }
        });
    }

    /** Completes a run of blocks, from the disk where that has them, else from the service. */
    private void fetch(Stored object, long first, List<CompletableFuture<MemorySegment>> run) {
        int missing = 0; // blocks just before the one that is looked at
        for (int i = 0; i <= run.size(); i++) {
            Optional<MemorySegment> onDisk = i == run.size()
                    ? Optional.empty()
                    : disk.get(diskName(object, first + i), length(object, first + i));
            if (i < run.size() && onDisk.isEmpty()) {
                missing++;
                continue;
            }
            if (missing > 0) {
                request(object, first + i - missing, run.subList(i - missing, i));
                missing = 0;
            }
            if (onDisk.isPresent()) {
                hits.increment();
                arrive(object, first + i, run.get(i), onDisk.get());
            }
        }
    }

    /** Completes a run of blocks with one request. */
    private void request(Stored object, long first, List<CompletableFuture<MemorySegment>> run) {
        List<byte[]> arrays = new ArrayList<>();
        for (int i = 0; i < run.size(); i++) {
            arrays.add(new byte[length(object, first + i)]);
        }
        try {
            String name = S3ObjectStore.name(object.digest());
            if (!bucket.read(name, object.size(), first * LENGTH, arrays)) {
                throw new ObjectNotFoundException(bucket.location().toString(), object.digest());
            }
        } catch (IOException | RuntimeException | Error e) {
            for (int i = 0; i < run.size(); i++) {
                // Who asks from now on gets a new try, not this failure.
                onTheirWay.remove(new Id(object.digest(), first + i), run.get(i));
                run.get(i).completeExceptionally(e);
            }
            return;
        }
        misses.add(run.size());
        for (int i = 0; i < run.size(); i++) {
            arrive(object, first + i, run.get(i), MemorySegment.ofArray(arrays.get(i)));
        }
        for (int i = 0; i < run.size(); i++) {
            disk.put(diskName(object, first + i), arrays.get(i));
        }
    }

    private void arrive(Stored object, long block, CompletableFuture<MemorySegment> waiting, MemorySegment bytes) {
        memory.put(new Id(object.digest(), block), bytes);
        waiting.complete(bytes);
    }

    private DiskBlocks.Name diskName(Stored object, long block) {
        return DiskBlocks.Name.of(store, object.digest(), block);
    }

    private static int length(Stored object, long block) {
        return (int) Math.min(LENGTH, object.size() - block * LENGTH);
    }

    /** Makes an exception of its own for each of those who waited, since each adds to it what it was about. */
    private static IOException failure(Stored object, Throwable cause) {
        return switch (cause) {
            case ObjectNotFoundException e -> e;
            case IOException e -> new IOException(e.getMessage(), e);
            default -> throw new IllegalStateException("object " + object.digest().hex() + " was not read", cause);
        };
    }
}
