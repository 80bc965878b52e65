package io.weightspan.server.store.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blocks on the local disk: kept, checked, and thrown away by age. */
class DiskBlocksTest {

    private static final int BLOCK = 1000;

    @TempDir
    Path folder;

    @Test
    void keepsBlocksByStoreObjectAndNumber() {
        DiskBlocks blocks = new DiskBlocks(folder, 1 << 20);
        blocks.put(name(1), block(1));
        assertThat(read(blocks, name(1))).isEqualTo(block(1));
        assertThat(read(new DiskBlocks(folder, 1 << 20), name(1))).isEqualTo(block(1));
        Digest object = Digest.ofBytes(Digest.newHash().digest());
        assertThat(blocks.get(DiskBlocks.Name.of("another store", object, 1), BLOCK)).isEmpty();
        assertThat(blocks.get(name(2), BLOCK)).isEmpty();
    }

    @Test
    void damagedBlocksAreAbsentAndDeleted() throws IOException {
        DiskBlocks blocks = new DiskBlocks(folder, 1 << 20);
        for (int at : new int[] {0, BLOCK / 2, BLOCK - 1, BLOCK, BLOCK + 3}) {
            blocks.put(name(1), block(1));
            Path file = files().getFirst();
            byte[] bytes = Files.readAllBytes(file);
            bytes[at] ^= 1;
            Files.write(file, bytes);
            assertThat(blocks.get(name(1), BLOCK)).as("byte %d", at).isEmpty();
            assertThat(file).doesNotExist();
        }
        for (int length : new int[] {0, 3, BLOCK, BLOCK + 3, BLOCK + 5}) {
            blocks.put(name(1), block(1));
            Path file = files().getFirst();
            Files.write(file, Arrays.copyOf(Files.readAllBytes(file), length));
            assertThat(blocks.get(name(1), BLOCK)).as("length %d", length).isEmpty();
            assertThat(file).doesNotExist();
        }
    }

    @Test
    void blockUnderTheNameOfAnotherIsDamaged() throws IOException {
        DiskBlocks blocks = new DiskBlocks(folder, 1 << 20);
        blocks.put(name(1), block(1));
        Path first = files().getFirst();
        blocks.put(name(2), block(2));
        Path second = files().stream().filter(file -> !file.equals(first)).findFirst().orElseThrow();
        Files.write(second, Files.readAllBytes(first));
        assertThat(blocks.get(name(2), BLOCK)).isEmpty();
        assertThat(read(blocks, name(1))).isEqualTo(block(1));
    }

    @Test
    void leastRecentlyUsedGoFirst() throws IOException {
        long limit = 20 * BLOCK;
        DiskBlocks blocks = new DiskBlocks(folder, limit);
        for (int i = 0; i < 10; i++) {
            blocks.put(name(i), block(i));
        }
        for (Path file : files()) {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
        }
        assertThat(read(blocks, name(3))).isEqualTo(block(3)); // used again: the youngest of the old ones
        for (int i = 10; i < 26; i++) {
            blocks.put(name(i), block(i));
        }
        assertThat(bytes()).isLessThanOrEqualTo(limit);
        assertThat(read(blocks, name(3))).isEqualTo(block(3));
        assertThat(read(blocks, name(25))).isEqualTo(block(25));
        assertThat(Stream.of(0, 1, 2, 4, 5, 6, 7, 8, 9).filter(i -> blocks.get(name(i), BLOCK).isPresent()).count())
                .isLessThanOrEqualTo(3);
    }

    @Test
    void twoThatShareAFolderStayNearTheLimitTogether() throws IOException {
        long limit = 32 * BLOCK;
        DiskBlocks one = new DiskBlocks(folder, limit);
        DiskBlocks other = new DiskBlocks(folder, limit);
        for (int i = 0; i < 200; i++) {
            (i % 3 == 0 ? one : other).put(name(i), block(i));
        }
        assertThat(bytes()).isLessThanOrEqualTo(limit + 2 * limit / 16);
        assertThat(read(one, name(199))).isEqualTo(block(199));
    }

    @Test
    void viewOfADeletedBlockStaysGood() throws IOException {
        DiskBlocks blocks = new DiskBlocks(folder, 1 << 20);
        blocks.put(name(1), block(1));
        MemorySegment view = blocks.get(name(1), BLOCK).orElseThrow();
        Files.delete(files().getFirst());
        assertThat(view.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(block(1));
    }

    @Test
    void whatAKilledProcessLeftIsSweptAndStrangersFilesAreNot() throws IOException {
        Path shelf = Files.createDirectories(folder.resolve("ab"));
        String name = "0".repeat(62);
        Path left = Files.writeString(shelf.resolve(name + ".01234567-89ab-cdef-0123-456789abcdef"), "half");
        Files.setLastModifiedTime(left, FileTime.from(Instant.now().minus(Duration.ofHours(2))));
        Path recent = Files.writeString(shelf.resolve(name + ".11234567-89ab-cdef-0123-456789abcdef"), "half");
        Path stranger = Files.writeString(folder.resolve("thesis.txt"), "mine");
        new DiskBlocks(folder, 1 << 20).put(name(1), block(1));
        assertThat(left).doesNotExist();
        assertThat(recent).exists();
        assertThat(stranger).exists();
    }

    @Test
    void folderThatCannotBeWrittenKeepsNothingAndHarmsNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "not a folder");
        DiskBlocks blocks = new DiskBlocks(file, 1 << 20);
        blocks.put(name(1), block(1));
        assertThat(blocks.get(name(1), BLOCK)).isEmpty();
        DiskBlocks none = new DiskBlocks(folder.resolve("none"), 0);
        none.put(name(1), block(1));
        assertThat(none.get(name(1), BLOCK)).isEmpty();
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void manyMayReadAndWriteAtOnce() throws Exception {
        DiskBlocks[] both = {new DiskBlocks(folder, 8 * BLOCK), new DiskBlocks(folder, 8 * BLOCK)};
        try (ExecutorService pool = Executors.newFixedThreadPool(8)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                DiskBlocks blocks = both[t % 2];
                all.add(pool.submit(() -> {
                    for (int i = 0; i < 300; i++) {
                        int n = i % 16;
                        blocks.get(name(n), BLOCK).ifPresent(found -> assertThat(
                                found.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(block(n)));
                        blocks.put(name(n), block(n));
                    }
                }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
    }

    private static DiskBlocks.Name name(int block) {
        return DiskBlocks.Name.of("store", Digest.ofBytes(Digest.newHash().digest()), block);
    }

    private static byte[] block(int number) {
        byte[] block = new byte[BLOCK];
        Arrays.fill(block, (byte) number);
        return block;
    }

    private static byte[] read(DiskBlocks blocks, DiskBlocks.Name name) {
        return blocks.get(name, BLOCK).orElseThrow(() -> new AssertionError("absent")).toArray(ValueLayout.JAVA_BYTE);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    private long bytes() throws IOException {
        long bytes = 0;
        for (Path file : files()) {
            bytes += Files.size(file) - Integer.BYTES;
        }
        return bytes;
    }
}
