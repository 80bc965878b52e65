package io.weightspan.codec.residual;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.kernel.ElementKernel;
import io.weightspan.codec.kernel.Kernels;
import java.lang.foreign.MemorySegment;

/** Elements of up to 32 bits, handled as ints. */
final class NarrowBlockDecoder extends FloatBlockDecoder {
    private final ElementKernel kernel = Kernels.elements();
    private final NarrowElements memory = new NarrowElements();
    private final int[] elements = new int[BLOCK];

    @Override
    void predict(FloatFormat format, Prediction prediction, int n, MemorySegment out) {
        memory.loadPredicted(format, prediction.elements(), prediction.dtype(), n, elements);
        NarrowElements.round(format, n, elements);
        for (int i = 0; i < n; i++) {
            elements[i] <<= format.shift();
        }
        memory.store(elements, format.dtype().bits(), n, out);
    }

    @Override
    void contexts(FloatFormat format, Prediction prediction, int n, int[] contexts) {
        memory.loadPredicted(format, prediction.elements(), prediction.dtype(), n, elements);
        NarrowElements.round(format, n, elements);
        float[] unrounded = prediction.unrounded();
        if (unrounded == null) {
            kernel.contexts(format.layout(), elements, scales, n, contexts);
        } else {
            cells().find(format.dtype(), unrounded, elements, scales, n, contexts);
        }
    }

    @Override
    long reconstructDelta(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException {
        long end = kernel.delta(format.layout(), symbols, elements, n, raw, rawAt);
        check(end >= 0, "has a difference of too many bits");
        memory.store(elements, format.dtype().bits(), n, out);
        return end;
    }

    @Override
    long reconstructDirect(FloatFormat format, int n, byte[] raw, long rawAt, MemorySegment out)
            throws ContainerException {
        long end = kernel.direct(format.layout(), symbols, scales, elements, n, raw, rawAt);
        check(end >= 0, "has a key outside the dtype");
        memory.store(elements, format.dtype().bits(), n, out);
        return end;
    }
}
