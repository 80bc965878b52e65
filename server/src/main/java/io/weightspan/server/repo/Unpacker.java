package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Writes the files of a commit into a folder. A file appears there whole and verified, or not at all. */
public final class Unpacker {

    private static final int SLICE = 8 << 20;

    private final StoredFiles files;

    /**
     * Unpacks from a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public Unpacker(ObjectStore store) {
        this.files = new StoredFiles(requireNonNull(store, "store is null"));
    }

    /** Whether a file that is in the way and differs is replaced. */
    public enum Overwrite {
        /** It stays, and nothing is written at all. */
        REFUSE,
        /** It is replaced. */
        REPLACE
    }

    /** What of a file is written. */
    public enum View {
        /** What the store has. */
        STORED,
        /** What the first layer tells of a file that has one; of others what the store has. */
        SPAN
    }

    /**
     * Writes every file of a commit that isn't in the folder already.
     *
     * @param commit a commit of this store
     * @param view what of each file
     * @param folder where to, made where it isn't there
     * @param overwrite what to do where a file is in the way that differs
     * @param jobs how many files at once, at least 1
     * @param progress hears of the commit's bytes
     * @return how many files were written
     * @throws FileInTheWayException if a file differs and is to stay, or a folder is in the way; nothing was written
     * @throws ContainerException if a stored file is damaged; files that were whole by then stay
     * @throws IOException if the store can't be read or the folder can't be written; likewise
     */
    public int unpack(
            Commit commit, View view, Path folder, Overwrite overwrite, int jobs, Progress progress)
            throws IOException {
        Files.createDirectories(folder);
        Path root = folder.toRealPath();
        List<CommitFile> missing = new ArrayList<>();
        for (CommitFile file : commit.files()) {
            if (isThere(target(root, file.path()), file, digest(file, view), overwrite)) {
                progress.advance(file.size());
            } else {
                missing.add(file);
            }
        }
        Workers.run(jobs, missing, file -> write(root, file, view, progress));
        return missing.size();
    }

    /** Returns the SHA-256 of what is written of a file. */
    private static Digest digest(CommitFile file, View view) {
        return view == View.SPAN && file.firstPart().isPresent()
                ? file.firstPart().get().fileSha256()
                : file.sha256();
    }

    /** Returns where a file goes, which is inside the root as the rules for paths have it. */
    private static Path target(Path root, String path) throws IOException {
        try {
            return root.resolve(RepoPath.check(path));
        } catch (InvalidPathException e) {
            throw new IOException("this locale can't write the file name " + path + "; try LC_ALL=C.UTF-8", e);
        }
    }

    /** Returns whether the file is there already; throws where something else is that must stay. */
    private static boolean isThere(Path target, CommitFile file, Digest sha256, Overwrite overwrite)
            throws IOException {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return false;
        }
        if (Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileInTheWayException(target, "it is a folder");
        }
        if (Files.isRegularFile(target)
                && Files.size(target) == file.size()
                && Fingerprint.of(target).sha256().equals(sha256)) {
            return true;
        }
        if (overwrite == Overwrite.REFUSE) {
            throw new FileInTheWayException(target, "it differs");
        }
        return false;
    }

    private void write(Path root, CommitFile file, View view, Progress progress) throws IOException {
        Path target = target(root, file.path());
        Path parent = requireNonNull(target.getParent());
        Files.createDirectories(parent);
        // A link in the folder must not lead what is written out of it.
        if (!parent.toRealPath().startsWith(root)) {
            throw new FileInTheWayException(target, "its folder is a link that leads elsewhere");
        }
        Path fresh = parent.resolve(".weightspan-" + UUID.randomUUID());
        try {
            copy(file, view, fresh, progress);
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private DecodedFile open(CommitFile file, View view) throws IOException {
        return view == View.SPAN && file.firstPart().isPresent()
                ? files.openFirstLayer(file, Verification.CHUNKS)
                : files.open(file);
    }

    private void copy(CommitFile file, View view, Path fresh, Progress progress) throws IOException {
        MessageDigest hash = Digest.newHash();
        try (DecodedFile decoded = open(file, view);
                FileChannel out =
                        FileChannel.open(fresh, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            if (decoded.length() != file.size()) {
                throw differs(file, "it has " + decoded.length() + " bytes instead of " + file.size());
            }
            MemorySegment buffer = MemorySegment.ofArray(new byte[Math.clamp(file.size(), 1, SLICE)]);
            for (long at = 0; at < file.size(); at += SLICE) {
                MemorySegment slice = buffer.asSlice(0, Math.min(SLICE, file.size() - at));
                decoded.read(at, slice);
                ByteBuffer bytes = slice.asByteBuffer();
                hash.update(bytes.duplicate());
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                progress.advance(slice.byteSize());
            }
        }
        if (!Digest.finish(hash).equals(digest(file, view))) {
            throw differs(file, "it has another SHA-256");
        }
    }

    private static ContainerException differs(CommitFile file, String how) {
        return new ContainerException(ErrorCode.FILE_DIGEST, "the stored file is not the one that was packed: " + how)
                .in(file.path(), null, -1);
    }
}
