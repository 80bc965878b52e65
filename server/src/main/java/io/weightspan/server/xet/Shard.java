package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What files consist of: for each a list of terms, which are ranges of chunks
 * (<a href="https://huggingface.co/docs/xet/shard">Xet's specification of shards</a>, version 2). Only the files are
 * read, not what is said of xorbs and not a footer: a receiver has the xorbs themselves. Reading it is safe for several
 * threads where its source is.
 */
final class Shard {

    /** Clients make no shard of more than 64 MiB, apart from what describes them. */
    static final long MAX_BYTES = 72L << 20;

    private static final int RECORD = 48;
    private static final int HEADER = 48;
    private static final int VERSION = 2;
    private static final int VERSION_AT = 32;
    private static final int FLAGS_AT = 32;
    private static final int COUNT_AT = 36;
    private static final int HAS_VERIFICATION = 1 << 31;
    private static final int HAS_SHA256 = 1 << 30;

    /** "HFRepoMetaData", then 18 bytes by which a shard is known from other files. */
    private static final byte[] TAG = {
        'H', 'F', 'R', 'e', 'p', 'o', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 0, 85,
        105, 103, 69, 106, 123, (byte) 129, 87, (byte) 131, (byte) 165, (byte) 189, (byte) 217, 92, (byte) 205,
        (byte) 209, 74, (byte) 169
    };

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final ByteSource source;
    private final List<Content> files;

    private Shard(ByteSource source, List<Content> files) {
        this.source = source;
        this.files = List.copyOf(files);
    }

    /**
     * A file.
     *
     * @param sha256 the SHA-256 of its bytes
     * @param size how many bytes its terms have together
     * @param terms how many terms it has
     * @param offset where the first of them is in the shard
     */
    record Content(Digest sha256, long size, int terms, long offset) {}

    /**
     * A part of a file.
     *
     * @param xorb the hash of the xorb that has it, in the form in which Xet writes it
     * @param size its bytes, from 0 to 2^32 - 1
     * @param begin its first chunk in the xorb, at least 0
     * @param end the chunk behind its last one, more than {@code begin}
     */
    record Term(Digest xorb, long size, int begin, int end) {}

    /**
     * Finds the files of a shard.
     *
     * @param source the shard, which must be there as long as the terms are asked for
     * @throws XetFormatException if it is none of this version, ends early, or has a file without a SHA-256
     * @throws IOException if it can't be read
     */
    static Shard of(ByteSource source) throws IOException {
        long size = requireNonNull(source, "source is null").size();
        if (size > MAX_BYTES) {
            throw new XetFormatException("the shard has " + size + " bytes; there may be " + MAX_BYTES + " at most");
        }
        if (size < HEADER || source.read(0, TAG.length).mismatch(MemorySegment.ofArray(TAG)) >= 0) {
            throw new XetFormatException("this is no shard");
        }
        long version = source.read(VERSION_AT, Long.BYTES).get(LONG, 0);
        if (version != VERSION) {
            throw new XetFormatException("the shard is of version " + version + "; known is " + VERSION);
        }
        return new Reader(source).read();
    }

    /** Returns the files, in the order of the shard. */
    List<Content> files() {
        return files;
    }

    /**
     * Returns a part of a file.
     *
     * @param file one of {@link #files}
     * @param index from 0 to less than its terms
     * @throws IOException if the shard can't be read
     */
    Term term(Content file, int index) throws IOException {
        return term(source.read(file.offset() + (long) index * RECORD, RECORD));
    }

    private static Term term(MemorySegment record) {
        return new Term(
                hash(record),
                Integer.toUnsignedLong(record.get(INT, 36)),
                record.get(INT, 40),
                record.get(INT, 44));
    }

    private static Digest hash(MemorySegment record) {
        return XetHash.of(record.asSlice(0, Digest.LENGTH).toArray(ValueLayout.JAVA_BYTE));
    }

    /** Goes through the records of a shard and believes none of its counts before the bytes are there. */
    private static final class Reader {

        private final ByteSource source;
        private final List<Content> files = new ArrayList<>();
        private long at = HEADER;

        Reader(ByteSource source) {
            this.source = source;
        }

        Shard read() throws IOException {
            for (MemorySegment record = next(); !isEnd(record); record = next()) {
                files.add(file(record.get(INT, FLAGS_AT), record.get(INT, COUNT_AT)));
            }
            return new Shard(source, files);
        }

        private Content file(int flags, int count) throws IOException {
            String name = "file " + files.size();
            long records = Integer.toUnsignedLong(count) * ((flags & HAS_VERIFICATION) == 0 ? 1 : 2);
            if ((flags & HAS_SHA256) == 0) {
                throw new XetFormatException(name + " of the shard has no SHA-256, without which it can't be kept");
            }
            if (records > (source.size() - at) / RECORD) {
                throw new XetFormatException("the shard ends within " + name);
            }
            long begin = at;
            long size = 0;
            for (int i = 0; i < count; i++) {
                Term term = term(next());
                if (term.begin() < 0 || term.end() <= term.begin()) {
                    throw new XetFormatException(name + " of the shard has chunks " + Integer.toUnsignedString(
                            term.begin()) + " to " + Integer.toUnsignedString(term.end()) + " of a xorb");
                }
                size += term.size(); // less than 2^32 records of less than 2^32 bytes
            }
            at = begin + records * RECORD;
            return new Content(hash(next()), size, count, begin);
        }

        private MemorySegment next() throws IOException {
            if (source.size() - at < RECORD) {
                throw new XetFormatException("the shard ends before its last file does");
            }
            at += RECORD;
            return source.read(at - RECORD, RECORD);
        }

        private static boolean isEnd(MemorySegment record) {
            for (int i = 0; i < Digest.LENGTH; i++) {
                if (record.get(ValueLayout.JAVA_BYTE, i) != -1) {
                    return false;
                }
            }
            return true;
        }
    }
}
