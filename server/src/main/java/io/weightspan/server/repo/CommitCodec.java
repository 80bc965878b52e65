package io.weightspan.server.repo;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.weightspan.codec.container.Digest;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** Turns commits into the bytes of their objects and back (store-layout.md, section 3). Stateless. */
final class CommitCodec {

    /** A commit object has at most this many bytes (ST-COM-003). */
    static final long MAX_BYTES = 268_435_456;

    private static final byte[] MAGIC = HexFormat.of().parseHex("8f5753430d0a1a0a");
    private static final int GIT_OID_BYTES = 20;

    private CommitCodec() {}

    /** Returns the bytes of a commit's object; its own digest is not among them. */
    static byte[] encode(Draft draft) {
        var message = io.weightspan.format.v1.Commit.newBuilder()
                .setRepo(draft.repo().toString())
                .setAuthor(draft.author())
                .setMessage(draft.message())
                .setTimeMillis(draft.time().toEpochMilli())
                .setFamily(draft.family());
        draft.parent().ifPresent(parent -> message.setParentSha256(parent.byteString()));
        for (CommitFile file : Commit.inOrder(draft.files())) {
            message.addFiles(encode(file));
        }
        byte[] body = message.build().toByteArray();
        byte[] object = Arrays.copyOf(MAGIC, MAGIC.length + body.length);
        System.arraycopy(body, 0, object, MAGIC.length, body.length);
        return object;
    }

    /**
     * Parses a commit's object, whose bytes the caller has compared with its digest.
     *
     * @throws CorruptStoreException if the bytes break a rule of ST-COM
     */
    static Commit decode(Digest object, byte[] bytes) throws CorruptStoreException {
        if (bytes.length < MAGIC.length || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new CorruptStoreException("object " + object.hex() + " is not a commit");
        }
        try {
            var message = io.weightspan.format.v1.Commit.parseFrom(
                    ByteBuffer.wrap(bytes, MAGIC.length, bytes.length - MAGIC.length));
            List<CommitFile> files = new ArrayList<>(message.getFilesCount());
            for (var file : message.getFilesList()) {
                files.add(decode(file));
            }
            ByteString parent = message.getParentSha256();
            return new Commit(
                    object,
                    RepoId.of(message.getRepo()),
                    parent.isEmpty() ? Optional.empty() : Optional.of(Digest.of(parent)),
                    message.getAuthor(),
                    message.getMessage(),
                    Instant.ofEpochMilli(message.getTimeMillis()),
                    message.getFamily(),
                    files);
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new CorruptStoreException("commit " + object.hex() + " is damaged: " + e.getMessage(), e);
        }
    }

    /** Returns the message of a file. */
    static io.weightspan.format.v1.CommitFile encode(CommitFile file) {
        io.weightspan.format.v1.CommitFile.Builder message = io.weightspan.format.v1.CommitFile.newBuilder()
                .setPath(file.path())
                .setSize(file.size())
                .setSha256(file.sha256().byteString())
                .setGitOid(ByteString.copyFrom(HexFormat.of().parseHex(file.gitOid())))
                .setKind(
                        switch (file.kind()) {
                            case PLAIN -> io.weightspan.format.v1.FileKind.FILE_KIND_PLAIN;
                            case RECORD -> io.weightspan.format.v1.FileKind.FILE_KIND_RECORD;
                        })
                .setObjectSha256(file.object().byteString())
                .setObjectSize(file.storedSize());
        file.original().ifPresent(original -> message.setOriginalSha256(original.byteString()));
        for (SharedObject shared : file.shared()) {
            message.addShared(io.weightspan.format.v1.SharedObject.newBuilder()
                    .setSha256(shared.object().byteString())
                    .setSize(shared.size()));
        }
        file.firstPart().ifPresent(part -> message.setFirstPart(io.weightspan.format.v1.FirstPart.newBuilder()
                .setSize(part.size())
                .setSha256(part.sha256().byteString())
                .setFileSha256(part.fileSha256().byteString())));
        return message.build();
    }

    /**
     * Takes a file out of its message.
     *
     * @throws IllegalArgumentException if that breaks a rule of ST-COM
     */
    static CommitFile decode(io.weightspan.format.v1.CommitFile file) {
        if (file.getGitOid().size() != GIT_OID_BYTES) {
            throw new IllegalArgumentException("git_oid of " + file.getGitOid().size() + " bytes");
        }
        FileKind kind = switch (file.getKind()) {
            case FILE_KIND_PLAIN -> FileKind.PLAIN;
            case FILE_KIND_RECORD -> FileKind.RECORD;
            case FILE_KIND_UNSPECIFIED, UNRECOGNIZED -> throw new IllegalArgumentException("unknown kind of file");
        };
        return new CommitFile(
                file.getPath(),
                file.getSize(),
                Digest.of(file.getSha256()),
                HexFormat.of().formatHex(file.getGitOid().toByteArray()),
                kind,
                Digest.of(file.getObjectSha256()),
                file.getObjectSize(),
                file.getOriginalSha256().isEmpty()
                        ? Optional.empty()
                        : Optional.of(Digest.of(file.getOriginalSha256())),
                file.getSharedList().stream()
                        .map(shared -> new SharedObject(Digest.of(shared.getSha256()), shared.getSize()))
                        .toList(),
                file.hasFirstPart() ? Optional.of(decode(file.getFirstPart())) : Optional.empty());
    }

    private static FirstPart decode(io.weightspan.format.v1.FirstPart part) {
        return new FirstPart(part.getSize(), Digest.of(part.getSha256()), Digest.of(part.getFileSha256()));
    }

    /** A commit before it has a digest; the components are those of {@link Commit}. */
    record Draft(
            RepoId repo,
            Optional<Digest> parent,
            String author,
            String message,
            Instant time,
            String family,
            List<CommitFile> files) {}
}
