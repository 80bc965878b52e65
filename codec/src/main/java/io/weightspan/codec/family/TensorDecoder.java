package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.basis.MatrixElements;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.residual.BoundedBlocks;
import io.weightspan.codec.residual.BytesBlocks;
import io.weightspan.codec.residual.FloatBlockDecoder;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the blocks of one tensor.
 *
 * <p>Thread-safe; scratch memory comes with each call.
 *
 * @param container the coding
 * @param index the tensor's
 * @param residual how it is coded, with blocks
 * @param parameters of float residuals, else null
 * @param step of bounded residuals, else 0
 * @param source the predicting tensor, or the center of numbers, or null
 * @param matrix the matrix that numbers make, else null
 * @param layer for the residual {@code cells} the blocks of the layer's tensor, else null
 */
record TensorDecoder(
        TensorCoding container,
        int index,
        ResidualKind residual,
        FloatBlockDecoder.@Nullable Parameters parameters,
        float step,
        @Nullable ElementSource source,
        @Nullable MatrixSource matrix,
        @Nullable LayerBlocks layer) {
    /** Gives a matrix that many blocks share. */
    @FunctionalInterface
    interface MatrixSource {
        MatrixElements get() throws IOException;
    }

    /** Decodes blocks of the layer. */
    @FunctionalInterface
    interface LayerBlocks {
        /**
         * Decodes a block.
         *
         * @param out receives all of it
         * @param sums receives what its elements were before they were rounded
         */
        void decode(int block, MemorySegment out, float[] sums) throws IOException;
    }

    /** Scratch memory of one thread. */
    static final class Worker {
        private final Scratch scratch = new Scratch();
        private final FloatBlockDecoder narrow = FloatBlockDecoder.create(DType.F32);
        private @Nullable FloatBlockDecoder wide;
        private @Nullable BoundedBlocks bounded;
        private float @Nullable [] differences;

        /** Room for the differences of a block, which few records need. */
        private float[] differences() {
            float[] room = differences;
            if (room == null) {
                room = new float[FloatBlockDecoder.BLOCK];
                differences = room;
            }
            return room;
        }

        private BoundedBlocks bounded() {
            BoundedBlocks blocks = bounded;
            if (blocks == null) {
                blocks = new BoundedBlocks();
                bounded = blocks;
            }
            return blocks;
        }

        private FloatBlockDecoder decoder(DType dtype) {
            if (dtype.bits() <= 32) {
                return narrow;
            }
            FloatBlockDecoder decoder = wide;
            if (decoder == null) {
                decoder = FloatBlockDecoder.create(dtype);
                wide = decoder;
            }
            return decoder;
        }
    }

    int blockBytes() {
        return residual.blockBytes(tensor().dtype());
    }

    private TensorInfo tensor() {
        return container.tensors().get(index);
    }

    /**
     * Decodes a block.
     *
     * @param out receives all of it
     */
    void decode(Worker worker, int block, MemorySegment out) throws IOException {
        if (matrix != null) {
            turn(worker, matrix.get(), block, out, worker.differences());
            return;
        }
        MemorySegment stored = container.block(index, block);
        Prediction prediction = null;
        long first = 0;
        if (parameters != null) {
            int width = tensor().dtype().bits() / Byte.SIZE;
            first = (long) block * FloatBlockDecoder.BLOCK;
            if (layer != null) {
                MemorySegment predicted = worker.scratch.predicted(out.byteSize());
                float[] sums = worker.differences();
                layer.decode(block, predicted, sums);
                prediction = new Prediction(predicted, tensor().dtype(), sums);
            } else if (source != null) {
                MemorySegment predicted = worker.scratch.predicted(out.byteSize() / width * source.width());
                prediction = new Prediction(source.read(first, predicted), source.tensor().dtype());
            }
        }
        try {
            if (parameters == null) {
                BytesBlocks.decode(stored, out);
            } else if (residual == ResidualKind.BOUNDED) {
                Center center = prediction == null ? null : new Center(prediction.elements(), prediction.dtype());
                worker.bounded().decode(parameters, step, stored, center, first, out);
            } else {
                worker.decoder(tensor().dtype()).decode(parameters, stored, prediction, first, out);
            }
        } catch (ContainerException e) {
            throw e.in(container.name(), tensor().name(), container.blockOffset(index, block));
        }
    }

    /**
     * Decodes a block of a tensor that numbers make.
     *
     * @param out receives all of it
     * @param sums receives what its elements were before they were rounded
     */
    void decode(Worker worker, int block, MemorySegment out, float[] sums) throws IOException {
        Center center = turn(worker, Objects.requireNonNull(matrix).get(), block, out, sums);
        CentredElements.sum(center, sums, Math.toIntExact(out.byteSize() * Byte.SIZE / tensor().dtype().bits()));
    }

    /** Gives what the differences are added to; its memory is the worker's. */
    private @Nullable Center turn(
            Worker worker, MatrixElements turned, int block, MemorySegment out, float[] differences)
            throws IOException {
        DType dtype = tensor().dtype();
        int n = Math.toIntExact(out.byteSize() * Byte.SIZE / dtype.bits());
        long first = (long) block * FloatBlockDecoder.BLOCK;
        turned.read(first, n, differences);
        Center center = null;
        if (source != null) {
            MemorySegment elements = worker.scratch.predicted((long) n * source.width());
            center = new Center(source.read(first, elements), source.tensor().dtype());
        }
        CentredElements.add(dtype, center, differences, n, out);
        return center;
    }
}
