package io.weightspan.server.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.BlockReads;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;

/** Reads an object in every way, and counts what that asks of the service. */
class S3SourceTest {

    private static final int SIZE = (20 << 20) + 12_345;
    private static final String OBJECTS = "/objects/";

    private static S3Server server;
    private static FaultProxy proxy;
    private static S3Server.Properties properties;
    private static S3Location location;
    private static byte[] bytes;
    private static Digest digest;

    @TempDir
    Path folder;

    @BeforeAll
    static void store(@TempDir Path scratch, @TempDir Path data) throws Exception {
        server = S3Server.start(data);
        proxy = new FaultProxy(server.endpoint());
        properties = S3Server.use(proxy.endpoint());
        location = new S3Location(server.newBucket(), "");
        bytes = new byte[SIZE];
        new Random(1).nextBytes(bytes);
        try (ObjectStore store = S3ObjectStore.openOrCreate(location, S3Server.settings(scratch, 0));
                StoreSession session = store.openSession()) {
            digest = session.put(Files.write(scratch.resolve("file"), bytes)).digest();
        }
    }

    @AfterAll
    static void stop() throws Exception {
        properties.close();
        proxy.close();
        server.stop();
    }

    @Test
    void anyRangeIsTheObjects() throws IOException {
        Random random = new Random(2);
        try (ObjectStore store = connect(64 << 20); ByteSource source = store.open(digest)) {
            assertThat(source.size()).isEqualTo(SIZE);
            for (int i = 0; i < 200; i++) {
                int length = random.nextInt(i % 10 == 0 ? 6 << 20 : 5000);
                check(source, random.nextInt(SIZE - length + 1), length);
            }
            check(source, 0, SIZE);
            check(source, SIZE, 0);
            check(source, SIZE - 1, 1);
            assertThatThrownBy(() -> source.read(SIZE - 1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void readingOnTakesFewRequestsAndJumpingSmallOnes() throws IOException {
        try (ObjectStore store = connect(0); ByteSource source = store.open(digest)) {
            proxy.rule(call -> FaultProxy.Fault.NONE);
            for (int at = 0; at < SIZE; at += 65_536) {
                check(source, at, Math.min(65_536, SIZE - at));
            }
            assertThat(gets()).as("requests for 21 blocks").isLessThan(15);
        }
        try (ObjectStore store = connect(0); ByteSource source = store.open(digest)) {
            proxy.rule(call -> FaultProxy.Fault.NONE);
            for (int block : new int[] {15, 3, 9}) {
                check(source, block * Blocks.LENGTH + 100, 100);
            }
            assertThat(gets()).isEqualTo(3);
            assertThat(proxy.calls()).allSatisfy(call -> assertThat(range(call.head())).isEqualTo(Blocks.LENGTH));
        }
    }

    @Test
    void diskKeepsBlocksForTheNextProcess() throws IOException {
        assertThat(readAll(64 << 20)).contains(new BlockReads(0, 21));
        proxy.rule(call -> FaultProxy.Fault.NONE);
        assertThat(readAll(64 << 20)).contains(new BlockReads(21, 0));
        assertThat(gets()).isZero();
    }

    @Test
    void damagedBlocksAreFetchedAgain() throws IOException {
        readAll(64 << 20);
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder.resolve("cache"))) {
            files = walk.filter(Files::isRegularFile).toList();
        }
        assertThat(files).hasSize(21);
        for (Path file : files.subList(0, 5)) {
            byte[] block = Files.readAllBytes(file);
            block[block.length / 2] ^= 64;
            Files.write(file, block);
        }
        proxy.rule(call -> FaultProxy.Fault.NONE);
        readAll(64 << 20);
        assertThat(gets()).isBetween(1L, 5L);
    }

    @Test
    void blockThatManyWantIsFetchedOnce() throws Exception {
        try (ObjectStore store = connect(64 << 20); ExecutorService pool = Executors.newFixedThreadPool(12)) {
            proxy.rule(call -> FaultProxy.Fault.NONE);
            List<Future<?>> readers = new ArrayList<>();
            for (int t = 0; t < 12; t++) {
                readers.add(pool.submit(() -> {
                    try (ByteSource source = store.open(digest)) {
                        check(source, 7 << 20, 1 << 20);
                    }
                    return null;
                }));
            }
            for (Future<?> reader : readers) {
                reader.get();
            }
            assertThat(gets()).isEqualTo(1);
        }
    }

    @Test
    void objectThatIsDeletedWhileItIsReadIsToldOf() throws IOException {
        try (ObjectStore store = connect(0); StoreSession session = store.openSession()) {
            Digest gone = session.put(new byte[100]).digest();
            try (ByteSource source = store.open(gone); S3Client client = server.client()) {
                client.deleteObject(delete -> delete.bucket(location.bucket()).key(S3ObjectStore.name(gone)));
                assertThatThrownBy(() -> source.read(0, 1)).isInstanceOf(ObjectNotFoundException.class);
            }
        }
    }

    /** Reads all, and returns from where. */
    private Optional<BlockReads> readAll(long cacheBytes) throws IOException {
        try (ObjectStore store = connect(cacheBytes); ByteSource source = store.open(digest)) {
            check(source, 0, SIZE);
            return store.blockReads();
        }
    }

    private ObjectStore connect(long cacheBytes) throws IOException {
        return S3ObjectStore.open(location, S3Server.settings(folder, cacheBytes));
    }

    private static long gets() {
        return proxy.count("GET", OBJECTS);
    }

    private static int range(String head) {
        String[] ends = head.replaceFirst("(?is).*\r\nrange: bytes=([0-9]+-[0-9]+)\r\n.*", "$1").split("-", 2);
        return Integer.parseInt(ends[1]) - Integer.parseInt(ends[0]) + 1;
    }

    private static void check(ByteSource source, int offset, int length) throws IOException {
        MemorySegment read = source.read(offset, length);
        assertThat(read.isReadOnly() || length == 0).isTrue();
        assertThat(
                Arrays.equals(read.toArray(ValueLayout.JAVA_BYTE), Arrays.copyOfRange(bytes, offset, offset + length)))
                .as("%d bytes at %d", length, offset)
                .isTrue();
    }
}
