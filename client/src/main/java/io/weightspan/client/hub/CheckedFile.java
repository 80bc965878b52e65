package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** The bytes of a file while they are sent, which must be those that were read before. For one thread. */
final class CheckedFile extends FilterInputStream {

    private final ReadFile file;
    private final Progress progress;
    private final MessageDigest sha256 = Digest.newHash();
    private long left;

    CheckedFile(InputStream in, ReadFile file, Progress progress) {
        super(in);
        this.file = file;
        this.progress = progress;
        this.left = file.found().size();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int count = super.read(into, offset, length);
        if (count > left || (count < 0 && left > 0)) {
            throw ReadFile.changed(file.found());
        }
        if (count <= 0) {
            return count;
        }
        left -= count;
        sha256.update(into, offset, count);
        // Before the last bytes are given away: the other side must never have all of a file that is no longer ours.
        if (left == 0 && !Digest.finish(sha256).equals(file.sha256())) {
            throw ReadFile.changed(file.found());
        }
        progress.advance(count);
        return count;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
