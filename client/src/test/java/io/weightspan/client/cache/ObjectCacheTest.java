package io.weightspan.client.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ObjectCacheTest {

    private static final byte[] CONTENT = new byte[100_000];
    private static final Digest OBJECT = digest(CONTENT);

    @TempDir
    private Path folder;
    private ObjectCache cache;

    @BeforeEach
    void open() throws IOException {
        cache = ObjectCache.open(folder.resolve("cache"));
    }

    @Test
    void findsOnlyWhatIsWholeAndChecked() throws IOException {
        try (PartialObject partial = begin()) {
            partial.append(ByteBuffer.wrap(CONTENT, 0, 60_000));
            assertThatThrownBy(partial::commit).isInstanceOf(EOFException.class);
            assertThat(cache.find(OBJECT, CONTENT.length)).isEmpty();
            partial.append(ByteBuffer.wrap(CONTENT, 60_000, 40_000));
            partial.commit();
        }
        assertThat(cache.find(OBJECT, CONTENT.length)).hasValueSatisfying(
                file -> assertThat(file).hasBinaryContent(CONTENT));
        assertThat(cache.begin(OBJECT, CONTENT.length)).isEmpty();
        assertThat(cache.size()).isEqualTo(CONTENT.length);
    }

    @Test
    void keepsWhatArrivedForTheNextAttempt() throws IOException {
        try (PartialObject partial = begin()) {
            partial.append(ByteBuffer.wrap(CONTENT, 0, 60_000));
        }
        try (PartialObject partial = begin()) {
            assertThat(partial.length()).isEqualTo(60_000);
            partial.append(ByteBuffer.wrap(CONTENT, 60_000, 40_000));
            partial.commit();
        }
        assertThat(cache.find(OBJECT, CONTENT.length)).isPresent();
    }

    @Test
    void refusesOtherBytesAndForgetsThem() throws IOException {
        byte[] other = CONTENT.clone();
        other[5] = 1;
        try (PartialObject partial = begin()) {
            partial.append(ByteBuffer.wrap(other));
            assertThatThrownBy(partial::commit).isInstanceOf(WrongObjectException.class)
                    .hasMessageContaining(digest(other).hex());
            assertThat(partial.length()).isZero();
            assertThatThrownBy(() -> partial.append(ByteBuffer.wrap(new byte[CONTENT.length + 1])))
                    .isInstanceOf(WrongObjectException.class);
            assertThat(partial.length()).isZero();
        }
        assertThat(cache.find(OBJECT, CONTENT.length)).isEmpty();
        assertThat(cache.size()).isZero();
    }

    @Test
    void theEmptyObjectIsAnObject() throws IOException {
        Digest empty = digest(new byte[0]);
        try (PartialObject partial = cache.begin(empty, 0).orElseThrow()) {
            partial.commit();
        }
        assertThat(cache.find(empty, 0)).isPresent();
    }

    @Test
    void aFileOfAnotherSizeIsNotTheObject() throws IOException {
        Files.write(store(CONTENT), new byte[3]);
        assertThat(cache.find(OBJECT, CONTENT.length)).isEmpty();
        assertThat(cache.size()).isZero();
    }

    @Test
    void aDamagedObjectIsRemovedWhenItIsReadAgain() throws IOException {
        Path file = store(CONTENT);
        assertThat(cache.recheck(OBJECT)).isTrue();
        byte[] damaged = CONTENT.clone();
        damaged[99_999] = 1;
        Files.write(file, damaged);
        assertThat(cache.recheck(OBJECT)).isFalse();
        assertThat(file).doesNotExist();
        assertThat(cache.recheck(OBJECT)).isFalse();
    }

    @Test
    void evictsWhatWasNotUsedForTheLongestTime() throws IOException {
        List<byte[]> contents = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            byte[] content = new byte[1000];
            content[0] = (byte) i;
            contents.add(content);
            Files.setLastModifiedTime(store(content), FileTime.from(Instant.now().minus(Duration.ofHours(10 - i))));
        }
        // The oldest is used now.
        assertThat(cache.find(digest(contents.get(0)), 1000)).isPresent();

        assertThat(cache.evict(2500)).isEqualTo(2000);
        assertThat(cache.find(digest(contents.get(0)), 1000)).isPresent();
        assertThat(cache.find(digest(contents.get(1)), 1000)).isEmpty();
        assertThat(cache.find(digest(contents.get(2)), 1000)).isEmpty();
        assertThat(cache.find(digest(contents.get(3)), 1000)).isPresent();
        assertThat(cache.evict(Long.MAX_VALUE)).isZero();
        assertThat(cache.evict(0)).isEqualTo(2000);
    }

    @Test
    void evictsWhatNobodyWentOnWith() throws IOException {
        try (PartialObject partial = begin()) {
            partial.append(ByteBuffer.wrap(CONTENT, 0, 10));
        }
        Path part = folder.resolve("cache/partial").resolve(OBJECT.hex());
        assertThat(cache.evict(0)).isZero();
        Files.setLastModifiedTime(part, FileTime.from(Instant.now().minus(Duration.ofDays(8))));
        assertThat(cache.evict(0)).isEqualTo(10);
        assertThat(part).doesNotExist();
    }

    @Test
    void oneOfManyTakesAnObjectInAndTheOthersWait() throws Exception {
        AtomicInteger takenIn = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                running.add(threads.submit(() -> {
                    // Each as if it were another process: a cache object of its own on the same folder.
                    ObjectCache own = ObjectCache.open(folder.resolve("cache"));
                    Optional<PartialObject> begun = own.begin(OBJECT, CONTENT.length);
                    if (begun.isPresent()) {
                        try (PartialObject partial = begun.get()) {
                            partial.append(ByteBuffer.wrap(CONTENT));
                            partial.commit();
                            takenIn.incrementAndGet();
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> thread : running) {
                thread.get();
            }
        }
        assertThat(takenIn).hasValue(1);
        assertThat(cache.find(OBJECT, CONTENT.length)).isPresent();
    }

    private PartialObject begin() throws IOException {
        return cache.begin(OBJECT, CONTENT.length).orElseThrow();
    }

    private Path store(byte[] content) throws IOException {
        try (PartialObject partial = cache.begin(digest(content), content.length).orElseThrow()) {
            partial.append(ByteBuffer.wrap(content));
            return partial.commit();
        }
    }

    private static Digest digest(byte[] content) {
        return Digest.sha256(MemorySegment.ofArray(content));
    }
}
