package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A file that has been read once, so that it is known what a hub calls it.
 *
 * @param found the file
 * @param sha256 the SHA-256 of its bytes
 * @param gitOid what git calls them, by which hubs name small files
 * @param sample its first bytes, by which a hub decides how it is to be sent
 */
record ReadFile(LocalFiles.Found found, Digest sha256, String gitOid, byte[] sample) {

    private static final int BUFFER = 1 << 18;
    private static final int SAMPLE = 512;

    /**
     * Reads a file.
     *
     * @param progress hears of its bytes
     * @throws HubException of kind {@link HubException.Kind#BAD_FILE} if it does not have the bytes that it had before
     * @throws IOException if it can't be read
     */
    static ReadFile of(LocalFiles.Found found, Progress progress) throws IOException {
        MessageDigest sha256 = Digest.newHash();
        MessageDigest git = sha1();
        git.update(("blob " + found.size() + "\0").getBytes(StandardCharsets.US_ASCII));
        byte[] sample = {};
        byte[] buffer = new byte[BUFFER];
        long size = 0;
        try (InputStream in = Files.newInputStream(found.file())) {
            for (int n = in.readNBytes(buffer, 0, BUFFER); n > 0; n = in.readNBytes(buffer, 0, BUFFER)) {
                if (size == 0) {
                    sample = Arrays.copyOf(buffer, Math.min(n, SAMPLE));
                }
                sha256.update(buffer, 0, n);
                git.update(buffer, 0, n);
                size += n;
                progress.advance(n);
            }
        }
        if (size != found.size()) {
            throw changed(found);
        }
        return new ReadFile(found, Digest.finish(sha256), HexFormat.of().formatHex(git.digest()), sample);
    }

    /** Returns the refusal of a file that somebody writes to. */
    static HubException changed(LocalFiles.Found found) {
        return new HubException(HubException.Kind.BAD_FILE,
                found.file() + " has changed while it was read; push again when nobody writes to it");
    }

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    /** Opens the file once more; its end is an error where the bytes are others by now. */
    InputStream open(Progress progress) throws IOException {
        InputStream in;
        try {
            in = Files.newInputStream(found.file());
        } catch (NoSuchFileException e) {
            throw new HubException(HubException.Kind.BAD_FILE, found.file() + " was there and is not any more", e);
        }
        return new CheckedFile(in, this, requireNonNull(progress, "progress is null"));
    }
}
