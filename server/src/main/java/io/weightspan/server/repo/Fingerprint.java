package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What identifies the bytes of a file.
 *
 * @param size their number
 * @param sha256 their SHA-256
 * @param gitOid what git calls them, 40 hexadecimal digits
 */
public record Fingerprint(long size, Digest sha256, String gitOid) {

    private static final int BUFFER = 1 << 20;

    /**
     * Reads a file once.
     *
     * @throws FileChangedException if its length changes meanwhile
     * @throws IOException if it can't be read
     */
    static Fingerprint of(Path file) throws IOException {
        long size = Files.size(file);
        Fingerprint found;
        try (InputStream in = Files.newInputStream(file)) {
            found = copy(in, OutputStream.nullOutputStream(), size);
        }
        if (found.size() != size) {
            throw new FileChangedException(file);
        }
        return found;
    }

    /**
     * Copies bytes while it reads them once.
     *
     * @param size how many they should be; where there are more, it stops behind that, and where there are more or
     *     fewer, {@link #size} is another, and the other components are of no use
     * @throws IOException if they can't be read or written
     */
    static Fingerprint copy(InputStream in, OutputStream out, long size) throws IOException {
        MessageDigest sha256 = Digest.newHash();
        MessageDigest sha1 = gitHash(size);
        long read = 0;
        byte[] buffer = new byte[Math.clamp(size, 1, BUFFER)];
        for (int n = in.read(buffer); n >= 0 && read <= size; n = in.read(buffer)) {
            sha256.update(buffer, 0, n);
            sha1.update(buffer, 0, n);
            out.write(buffer, 0, n);
            read += n;
        }
        return new Fingerprint(read, Digest.finish(sha256), HexFormat.of().formatHex(sha1.digest()));
    }

    /**
     * Starts the hash that git names contents by.
     *
     * @param size bytes that it will be fed
     * @return a SHA-1 that has been fed what git puts before them
     */
    static MessageDigest gitHash(long size) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            sha1.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            return sha1;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }
}
