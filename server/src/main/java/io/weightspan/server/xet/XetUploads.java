package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.server.quota.QuotaExceededException;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.Fingerprint;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.repo.WrongContentException;
import io.weightspan.server.repo.XorbIndex;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Xorbs and shards on their way to become files of a repository.
 *
 * <p>A xorb is kept as it came, under the name that its sender gives it: that name's hash is not checked, since the
 * SHA-256 of every file that is made of it is, and it serves no other repository. Stateless but for its store, so that
 * any server of it may get the next xorb or the shard; safe for several threads and processes.
 */
final class XetUploads {

    private static final int LOCKS = 64;
    private static final int BUFFER = 1 << 16;

    private final ObjectStore store;
    private final Uploads uploads;
    private final Quotas quotas;
    private final XorbIndex xorbs;

    /** So that a sender who lost patience and asks again waits for the first answer in place of doing all over. */
    private final Lock[] assembling = Stream.generate(ReentrantLock::new).limit(LOCKS).toArray(Lock[]::new);

    XetUploads(Repositories repositories, Quotas quotas) {
        this.store = requireNonNull(repositories, "repositories is null").store();
        this.quotas = requireNonNull(quotas, "quotas is null");
        this.uploads = new Uploads(repositories);
        this.xorbs = new XorbIndex(store);
    }

    /**
     * Returns what an address has in it for clients to send what they sent to none of it.
     *
     * @throws IOException if the store can't be read or written
     */
    String generation(RepoId repo) throws IOException {
        return xorbs.generation(repo);
    }

    /**
     * Keeps a xorb.
     *
     * @param hash its name, as its sender gives it
     * @return whether the repository had none of that name
     * @throws XetFormatException if it is none
     * @throws QuotaExceededException if there is no room at all
     * @throws IOException if it can't be read, or the store can't be written
     */
    boolean keep(RepoId repo, Digest hash, InputStream body) throws IOException {
        quotas.requireRoom(repo, 1);
        try (StoreSession session = store.openSession()) {
            Received received = receive(session, body, Xorb.MAX_BYTES, "xorb");
            try (Xorb xorb = Xorb.open(MappedSource.open(received.file()))) {
                if (xorb.chunks() == 0) {
                    throw new XetFormatException("the xorb has no chunk");
                }
            }
            session.take(received.file(), received.sha256());
            return xorbs.note(repo, hash, received.sha256());
        }
    }

    /**
     * Makes the files of a shard, each of which a commit may name afterwards.
     *
     * @throws XetFormatException if it is none, or names what there is not
     * @throws QuotaExceededException if a file does not fit
     * @throws WrongContentException if the SHA-256 of a file is another than the shard says; it is not kept then
     * @throws IOException if it can't be read, or the store can't be read or written
     */
    void assemble(RepoId repo, InputStream body) throws IOException {
        try (StoreSession session = store.openSession();
                ByteSource source = MappedSource.open(receive(session, body, Shard.MAX_BYTES, "shard").file())) {
            Shard shard = Shard.of(source);
            for (Shard.Content file : shard.files()) {
                Lock lock = assembling[Math.floorMod(file.sha256().hashCode(), LOCKS)];
                lock.lock();
                try {
                    assemble(repo, session, shard, file);
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    private void assemble(RepoId repo, StoreSession session, Shard shard, Shard.Content file) throws IOException {
        Optional<CommitFile> known = uploads.find(repo, file.sha256());
        if (known.isPresent() && known.get().size() == file.size() && session.keep(known.get().object())) {
            return;
        }
        quotas.take(repo, file.sha256(), file.size());
        try (FileAssembly bytes = new FileAssembly(shard, file, hash -> open(repo, hash))) {
            Fingerprint made = uploads.receive(session, bytes, file.size(), file.sha256());
            uploads.note(repo, made, false);
        }
    }

    private Xorb open(RepoId repo, Digest hash) throws IOException {
        Optional<Digest> object = xorbs.find(repo, hash);
        if (object.isEmpty()) {
            throw missing(hash);
        }
        try {
            return Xorb.open(store.open(object.get()));
        } catch (ObjectNotFoundException e) {
            XetFormatException missing = missing(hash);
            missing.initCause(e);
            throw missing;
        }
    }

    private static XetFormatException missing(Digest hash) {
        return new XetFormatException("the shard names xorb " + hash.hex() + ", which was not sent; send it again");
    }

    /** A body that has arrived whole. */
    private record Received(Path file, Digest sha256) {}

    private static Received receive(StoreSession session, InputStream body, long limit, String what)
            throws IOException {
        MessageDigest sha256 = Digest.newHash();
        Path file = session.newFile();
        byte[] buffer = new byte[BUFFER];
        long size = 0;
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
                size += n;
                if (size > limit) {
                    throw new XetFormatException("the " + what + " has more than " + limit + " bytes");
                }
                sha256.update(buffer, 0, n);
                out.write(buffer, 0, n);
            }
        }
        return new Received(file, Digest.finish(sha256));
    }
}
