package io.weightspan.server.content;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.server.http.ContentSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A decoded file as a body. Pieces end where blocks end, so that no block is decoded for two pieces. */
final class DecodedContent implements ContentSource {

    /** Elements of a block of the format; blocks of tensors without a float coding may hold more. */
    private static final long BLOCK_ELEMENTS = 65_536;

    private final DecodedFile file;
    private final List<TensorInfo> tensors;
    private final Lease lease;
    private final DecodeTimes times;

    /** Gives back what the file was opened with. */
    @FunctionalInterface
    interface Lease {

        /**
         * Gives back; called once.
         *
         * @throws IOException if closing what nobody else uses fails
         */
        void end() throws IOException;
    }

    /**
     * Wraps a file.
     *
     * @param file stays open until the lease ends
     * @param lease ended when this is closed
     * @param times is told what reading costs
     */
    DecodedContent(DecodedFile file, Lease lease, DecodeTimes times) {
        this.times = requireNonNull(times, "times is null");
        this.file = requireNonNull(file, "file is null");
        this.lease = requireNonNull(lease, "lease is null");
        this.tensors = file.tensors();
    }

    @Override
    public long length() {
        return file.length();
    }

    @Override
    public long pieceEnd(long offset, long limit) {
        if (limit >= file.length()) {
            return limit;
        }
        long boundary = boundaryAtOrBefore(limit);
        return boundary > offset ? boundary : limit;
    }

    @Override
    public void read(long offset, MemorySegment target) throws IOException {
        long begin = System.nanoTime();
        file.read(offset, target);
        times.add(target.byteSize(), System.nanoTime() - begin);
    }

    @Override
    public void close() throws IOException {
        lease.end();
    }

    /** Returns the last place at or before the given one where a block or a tensor begins; 0 in the schema. */
    private long boundaryAtOrBefore(long place) {
        long inData = place - file.schemaLength();
        if (inData < 0 || tensors.isEmpty()) {
            return 0;
        }
        TensorInfo tensor = tensors.get(lastBeginningAtOrBefore(inData));
        long blockBytes = Math.max(1, BLOCK_ELEMENTS * tensor.dtype().bits() / Byte.SIZE);
        long within = Math.min(inData, tensor.end()) - tensor.begin();
        long whole = inData >= tensor.end() ? within : within - within % blockBytes;
        return file.schemaLength() + tensor.begin() + whole;
    }

    private int lastBeginningAtOrBefore(long inData) {
        int low = 0;
        int high = tensors.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (tensors.get(middle).begin() <= inData) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
}
