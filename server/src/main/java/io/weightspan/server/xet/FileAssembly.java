package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;

/** The bytes of a file, put together from the chunks that a shard names. For one thread. */
final class FileAssembly extends InputStream {

    /** A file goes on where it left off in one of the last few xorbs, mostly in the very last. */
    private static final int OPEN_XORBS = 4;

    private final Shard shard;
    private final Shard.Content file;
    private final Xorbs xorbs;
    private final Deque<Opened> open = new ArrayDeque<>();

    private int nextTerm;
    private int nextChunk;
    private int endChunk;
    private byte[] chunk = {};
    private int at;

    /** Where xorbs are. */
    @FunctionalInterface
    interface Xorbs {

        /**
         * Opens a xorb.
         *
         * @param hash its name
         * @throws XetFormatException if it isn't there, or is none
         * @throws IOException if it can't be read
         */
        Xorb open(Digest hash) throws IOException;
    }

    /**
     * Puts a file together.
     *
     * @param shard the shard, which is there as long as this is read
     * @param file one of its files
     * @param xorbs where the chunks are
     */
    FileAssembly(Shard shard, Shard.Content file, Xorbs xorbs) {
        this.shard = requireNonNull(shard, "shard is null");
        this.file = requireNonNull(file, "file is null");
        this.xorbs = requireNonNull(xorbs, "xorbs is null");
    }

    @Override
    public int read() throws IOException {
        return advance() ? chunk[at++] & 0xFF : -1;
    }

    /**
     * Reads bytes of one chunk.
     *
     * @throws XetFormatException if a term names chunks that there aren't, or that have another number of bytes
     * @throws IOException if a xorb can't be read
     */
    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        if (!advance()) {
            return -1;
        }
        int n = Math.min(length, chunk.length - at);
        System.arraycopy(chunk, at, bytes, offset, n);
        at += n;
        return n;
    }

    @Override
    public void close() throws IOException {
        while (!open.isEmpty()) {
            open.pop().xorb().close();
        }
    }

    /** Sees to it that there is a byte to read; false at the end. */
    private boolean advance() throws IOException {
        while (at == chunk.length) {
            if (nextChunk == endChunk && !beginTerm()) {
                return false;
            }
            chunk = open.getFirst().xorb().read(nextChunk++);
            at = 0;
        }
        return true;
    }

    private boolean beginTerm() throws IOException {
        if (nextTerm == file.terms()) {
            return false;
        }
        Shard.Term term = shard.term(file, nextTerm++);
        Xorb xorb = xorb(term.xorb());
        if (term.end() > xorb.chunks()) {
            throw new XetFormatException("the shard names chunk " + (term.end() - 1) + " of xorb " + term.xorb().hex()
                    + ", which has " + xorb.chunks());
        }
        long size = 0;
        for (int i = term.begin(); i < term.end(); i++) {
            size += xorb.size(i);
        }
        if (size != term.size()) {
            throw new XetFormatException("chunks " + term.begin() + " to " + (term.end() - 1) + " of xorb "
                    + term.xorb().hex() + " have " + size + " bytes, not " + term.size() + " as the shard says");
        }
        nextChunk = term.begin();
        endChunk = term.end();
        return true;
    }

    /** Returns a xorb, which is then the first of those that are open. */
    private Xorb xorb(Digest hash) throws IOException {
        for (Opened one : open) {
            if (one.hash().equals(hash)) {
                open.remove(one);
                open.push(one);
                return one.xorb();
            }
        }
        if (open.size() == OPEN_XORBS) {
            open.removeLast().xorb().close();
        }
        Opened opened = new Opened(hash, xorbs.open(hash));
        open.push(opened);
        return opened.xorb();
    }

    /** A xorb and its name. */
    private record Opened(Digest hash, Xorb xorb) {}
}
