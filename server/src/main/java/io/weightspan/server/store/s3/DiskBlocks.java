package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Blocks of objects as files on the local disk, up to a number of bytes; those that were used least recently go first.
 *
 * <p>A file is a block, then the CRC32C of its name and the block (4 bytes, big-endian). It is written under another
 * name and renamed, and its checksum is compared when it is read: one that does not agree is deleted and counts as
 * absent. So processes may share the folder and be killed at any time. The time of a file's last change is that of its
 * last use, and every process that writes looks now and then over all of the folder, so that together they stay near
 * the limit: each may be above it by a sixteenth part.
 *
 * <p>The disk is only a help: where it fails, that is logged once and blocks are not kept. Thread-safe.
 */
final class DiskBlocks {

    private static final Logger LOG = LoggerFactory.getLogger(DiskBlocks.class);

    private static final int CHECKSUM = Integer.BYTES;
    private static final Pattern BLOCK = Pattern.compile("[0-9a-f]{62}");
    private static final Pattern UNFINISHED = Pattern.compile("[0-9a-f]{62}\\.[0-9a-f-]{36}");

    /** A process that has not finished a file for so long is gone. */
    private static final Duration ABANDONED = Duration.ofHours(1);

    /** Uses within this time of the last one are not noted: noting costs a write. */
    private static final Duration NOTED = Duration.ofMinutes(1);

    /** Looking over the folder is due when this part of the limit has been written. */
    private static final int PART_BETWEEN = 16;

    /** What names a block: the SHA-256 of the store's address, the object's name and the block's number. */
    record Name(Digest hash) {

        /** Returns the name of a block of an object in a store. */
        static Name of(String store, Digest object, long block) {
            MessageDigest hash = Digest.newHash();
            hash.update((store + "\n" + object.hex() + "\n" + block + "\n" + Blocks.LENGTH)
                    .getBytes(StandardCharsets.UTF_8));
            return new Name(Digest.finish(hash));
        }

        private Path in(Path folder) {
            String hex = hash.hex();
            return folder.resolve(hex.substring(0, 2)).resolve(hex.substring(2));
        }
    }

    private record Kept(Path file, long size, FileTime used) {}

    private final Path folder;
    private final long limit;
    private final AtomicLong untilLook = new AtomicLong();
    private final AtomicBoolean looking = new AtomicBoolean();
    private final AtomicBoolean complained = new AtomicBoolean();

    /**
     * Keeps blocks in a folder, made when there is one to keep.
     *
     * @param limit the most bytes to keep; 0 for none
     */
    DiskBlocks(Path folder, long limit) {
        this.folder = requireNonNull(folder, "folder is null");
        this.limit = limit;
    }

    /**
     * Returns a block, or empty where there is none that is sound.
     *
     * @param length the block's length
     * @return a view of its file, good for as long as it is used, also when the file is deleted
     */
    Optional<MemorySegment> get(Name name, int length) {
        if (limit == 0) {
            return Optional.empty();
        }
        Path file = name.in(folder);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() == (long) length + CHECKSUM) {
                MemorySegment all = channel.map(
                        FileChannel.MapMode.READ_ONLY, 0, (long) length + CHECKSUM, Arena.ofAuto());
                ByteBuffer bytes = all.asByteBuffer();
                if (checksum(name, bytes.slice(0, length)) == bytes.getInt(length)) {
                    noteUse(file);
                    return Optional.of(all.asSlice(0, length));
                }
            }
            LOG.warn("a block of the cache is damaged and is fetched again: {}", file);
            Files.deleteIfExists(file);
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            complain(e);
        }
        return Optional.empty();
    }

    /** Keeps a block, if the disk allows. */
    void put(Name name, byte[] block) {
        if (block.length > limit) {
            return;
        }
        try {
            Path file = name.in(folder);
            Path parent = requireNonNull(file.getParent());
            ScratchFolder.createOwn(parent);
            Path fresh = parent.resolve(file.getFileName() + "." + UUID.randomUUID());
            try {
                write(fresh, name, block);
                Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(fresh);
            }
            if (untilLook.addAndGet(-(long) block.length) <= 0) {
                makeRoom();
            }
        } catch (IOException e) {
            complain(e);
        }
    }

    /** Deletes what was used least recently until the folder is within the limit, and what killed processes left. */
    private void makeRoom() throws IOException {
        if (!looking.compareAndSet(false, true)) {
            return; // another thread is at it
        }
        try {
            untilLook.set(limit / PART_BETWEEN);
            List<Kept> kept = new ArrayList<>(look());
            long bytes = kept.stream().mapToLong(Kept::size).sum();
            if (bytes <= limit) {
                return;
            }
            kept.sort(Comparator.comparing(Kept::used));
            // Room for what is written until the next look, so that the limit holds then, too.
            long most = limit - limit / PART_BETWEEN;
            for (Kept oldest : kept) {
                if (bytes <= most) {
                    break;
                }
                Files.deleteIfExists(oldest.file());
                bytes -= oldest.size();
            }
        } finally {
            looking.set(false);
        }
    }

    private List<Kept> look() throws IOException {
        List<Kept> kept = new ArrayList<>();
        Instant abandoned = Instant.now().minus(ABANDONED);
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                String name = file.getFileName().toString();
                if (BLOCK.matcher(name).matches()) {
                    kept.add(new Kept(file, attributes.size(), attributes.lastModifiedTime()));
                } else if (UNFINISHED.matcher(name).matches()
                        && attributes.lastModifiedTime().toInstant().isBefore(abandoned)) {
                    Files.deleteIfExists(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
                if (e instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE; // another process deleted it
                }
                throw e;
            }
        });
        return kept;
    }

    private static void write(Path file, Name name, byte[] block) throws IOException {
        ByteBuffer checksum = ByteBuffer.allocate(CHECKSUM).putInt(checksum(name, ByteBuffer.wrap(block))).flip();
        ByteBuffer[] all = {ByteBuffer.wrap(block), checksum};
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            while (checksum.hasRemaining()) {
                channel.write(all);
            }
        }
    }

    private static int checksum(Name name, ByteBuffer block) {
        CRC32C crc = new CRC32C();
        crc.update(name.hash().hex().getBytes(StandardCharsets.UTF_8));
        crc.update(block);
        return (int) crc.getValue();
    }

    private static void noteUse(Path file) throws IOException {
        FileTime now = FileTime.from(Instant.now());
        if (now.toMillis() - Files.getLastModifiedTime(file).toMillis() > NOTED.toMillis()) {
            Files.setLastModifiedTime(file, now);
        }
    }

    private void complain(IOException e) {
        if (!(e instanceof ClosedByInterruptException) && complained.compareAndSet(false, true)) {
            LOG.warn("blocks are not kept in the cache {}: {}", folder, e.toString());
        }
    }
}
