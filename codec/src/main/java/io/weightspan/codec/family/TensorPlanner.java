package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.residual.FloatSymbolizer;
import io.weightspan.codec.residual.SymbolCounts;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Decides how a tensor is coded: every candidate prediction is symbolized, on a sample of a large tensor, and the
 * one with the fewest bits wins; then row and column scales are taken where they save more than they cost.
 *
 * <p>Holds scratch memory; one thread at a time.
 */
final class TensorPlanner {
    /** Elements of a tensor that candidates are compared on. */
    private static final int SAMPLE = 1 << 16;

    /** Candidates this close to the best are compared again, with their row and column scales. */
    private static final double CLOSE = 1.05;

    /** One bit in the lowest byte of every element of any width: all set means no padding, and the scan may stop. */
    private static final long LOW_BITS = 0x0101_0101_0101_0101L;

    private final Scratch scratch = new Scratch();
    private final ScaleFitter fitter = new ScaleFitter(scratch);
    private final SymbolCounts counts = new SymbolCounts();
    private final FloatSymbolizer narrow = FloatSymbolizer.create(DType.F32);
    private final FloatSymbolizer wide = FloatSymbolizer.create(DType.F64);

    /** A way to code a tensor, and its measured bits. */
    private record Candidate(
            @Nullable Reference reference,
            int sourceTensor,
            @Nullable ElementSource source,
            FloatFormat format,
            ElementScales scales,
            double bits,
            boolean identical) {
        Candidate with(ElementScales newScales, double newBits) {
            return new Candidate(reference, sourceTensor, source, format, newScales, newBits, identical);
        }
    }

    /**
     * Plans one tensor.
     *
     * @param file the file that holds it
     * @param bytes the tensor's bytes
     * @param tensor which
     * @param sha256 of its bytes
     * @param references what may predict it
     */
    TensorPlan plan(
            DecodedFile file, MemorySegment bytes, TensorInfo tensor, Digest sha256, List<Reference> references)
            throws IOException {
        if (tensor.elementCount() == 0) {
            return TensorPlan.bytes(tensor, sha256);
        }
        if (!tensor.dtype().hasFloatCoding()) {
            return planBytes(bytes, tensor, sha256, references);
        }
        ElementSource elements = new ElementSource(file, tensor);
        FloatFormat format = new FloatFormat(tensor.dtype(), padding(bytes, tensor.dtype()));
        List<Candidate> candidates = candidates(format, elements, references);
        for (Candidate candidate : candidates) {
            if (candidate.identical() && isEqual(bytes, candidate, tensor)) {
                return TensorPlan.equal(
                        tensor,
                        sha256,
                        Objects.requireNonNull(candidate.reference()),
                        candidate.sourceTensor(),
                        Objects.requireNonNull(candidate.source()));
            }
        }
        return plan(tensor, sha256, refine(elements, candidates));
    }

    private static TensorPlan plan(TensorInfo tensor, Digest sha256, Candidate best) {
        double sampled = RunSampler.total(RunSampler.sample(tensor.elementCount(), SAMPLE));
        Reference reference = best.reference();
        return new TensorPlan(
                tensor,
                sha256,
                reference == null ? PredictorKind.NONE : reference.predictor(),
                reference,
                best.sourceTensor(),
                best.source(),
                residual(best),
                best.format(),
                best.scales(),
                best.scales().isUniform() ? 0 : 1,
                null,
                null,
                best.bits() * tensor.elementCount() / sampled);
    }

    private static ResidualKind residual(Candidate best) {
        ElementSource source = best.source();
        return source == null
                ? ResidualKind.DIRECT
                : source.sums() == null ? ResidualKind.DELTA : ResidualKind.CELLS;
    }

    /**
     * Plans a float tensor that one more reference may predict.
     *
     * @param file the file that holds it
     * @param bytes the tensor's bytes
     * @param own how it is coded without that reference
     * @param reference the reference
     * @param sums what the reference's tensor was before it was rounded, where that is known
     * @return the plan of the fewest bits
     */
    TensorPlan plan(
            DecodedFile file, MemorySegment bytes, TensorPlan own, Reference reference, Optional<Sums> sums)
            throws IOException {
        FloatFormat format = own.format();
        if (format == null) {
            return own;
        }
        TensorInfo tensor = own.tensor();
        ElementSource elements = new ElementSource(file, tensor);
        int index = find(reference.file(), tensor, true);
        ElementSource source = new ElementSource(reference.file(), reference.file().tensors().get(index));
        List<RunSampler.Run> sample = RunSampler.sample(tensor.elementCount(), SAMPLE);
        Candidate candidate = measure(format, elements, reference, index, source, sample);
        if (candidate.identical() && isEqual(bytes, candidate, tensor)) {
            return TensorPlan.equal(tensor, own.sha256(), reference, index, source);
        }
        double sampled = RunSampler.total(sample);
        boolean close = candidate.bits() <= CLOSE * own.bits() * sampled / tensor.elementCount();
        Candidate best = close && ScaleFitter.hasLines(tensor) ? withLines(elements, candidate) : candidate;
        if (sums.isPresent() && ResidualKind.CELLS.allows(reference.predictor(), tensor.dtype())
                && format.shift() == 0) {
            ElementSource unrounded = new ElementSource(source.file(), source.tensor(), sums.get());
            Candidate cells = measureCells(format, elements, reference, index, unrounded, sample);
            best = cells.bits() < best.bits() ? cells : best;
        }
        TensorPlan upon = plan(tensor, own.sha256(), best);
        return upon.bits() < own.bits() ? upon : own;
    }

    private TensorPlan planBytes(
            MemorySegment bytes, TensorInfo tensor, Digest sha256, List<Reference> references) throws IOException {
        for (Reference reference : references) {
            int index = find(reference.file(), tensor, false);
            if (index >= 0) {
                TensorInfo other = reference.file().tensors().get(index);
                if (equals(bytes, reference.file(), other)) {
                    ElementSource source = new ElementSource(reference.file(), other);
                    return TensorPlan.equal(tensor, sha256, reference, index, source);
                }
            }
        }
        return TensorPlan.bytes(tensor, sha256);
    }

    /** The tensor of the same name that may predict, or -1. */
    static int find(DecodedFile file, TensorInfo tensor, boolean converted) {
        List<TensorInfo> tensors = file.tensors();
        for (int i = 0; i < tensors.size(); i++) {
            TensorInfo other = tensors.get(i);
            if (other.name().equals(tensor.name())) {
                boolean fits = other.dtype() == tensor.dtype()
                        || converted
                                && (other.dtype() == DType.BF16 && tensor.dtype() == DType.F32
                                        || other.dtype() == DType.F32 && tensor.dtype() == DType.BF16);
                return fits && other.elementCount() == tensor.elementCount() ? i : -1;
            }
        }
        return -1;
    }

    private List<Candidate> candidates(FloatFormat format, ElementSource tensor, List<Reference> references)
            throws IOException {
        List<RunSampler.Run> sample = RunSampler.sample(tensor.tensor().elementCount(), SAMPLE);
        List<Candidate> candidates = new ArrayList<>();
        candidates.add(measure(format, tensor, null, -1, null, sample));
        for (Reference reference : references) {
            int index = find(reference.file(), tensor.tensor(), true);
            if (index >= 0) {
                ElementSource source = new ElementSource(
                        reference.file(), reference.file().tensors().get(index));
                candidates.add(measure(format, tensor, reference, index, source, sample));
            }
        }
        return candidates;
    }

    private Candidate measure(
            FloatFormat format,
            ElementSource tensor,
            @Nullable Reference reference,
            int index,
            @Nullable ElementSource source,
            List<RunSampler.Run> sample)
            throws IOException {
        ElementScales scales = ElementScales.uniform(fitter.uniform(format, tensor, source, sample));
        boolean identical = symbolize(format, tensor, source, scales, sample);
        double bits = counts.bits(format, source != null);
        return new Candidate(reference, index, source, format, scales, bits, identical && source != null);
    }

    private Candidate measureCells(
            FloatFormat format,
            ElementSource tensor,
            Reference reference,
            int index,
            ElementSource source,
            List<RunSampler.Run> sample)
            throws IOException {
        int start = fitter.beyondCells(tensor, Objects.requireNonNull(source.sums()), sample);
        CellScale best = CellScale.best(start, scale -> {
            symbolize(format, tensor, source, ElementScales.uniform(scale), sample);
            return counts.bits(format, true);
        });
        return new Candidate(
                reference, index, source, format, ElementScales.uniform(best.scale()), best.bits(), false);
    }

    /** Counts the symbols of some runs; tells whether all equal their prediction. */
    private boolean symbolize(
            FloatFormat format,
            ElementSource tensor,
            @Nullable ElementSource source,
            ElementScales scales,
            List<RunSampler.Run> runs)
            throws IOException {
        FloatSymbolizer symbolizer = symbolizer(format);
        counts.clear();
        boolean identical = true;
        for (RunSampler.Run run : runs) {
            identical &= symbolize(symbolizer, format, tensor, source, scales, run);
            counts.add(symbolizer, run.n());
        }
        return identical;
    }

    private boolean symbolize(
            FloatSymbolizer symbolizer,
            FloatFormat format,
            ElementSource tensor,
            @Nullable ElementSource source,
            ElementScales scales,
            RunSampler.Run run)
            throws IOException {
        MemorySegment elements = tensor.read(run.first(), scratch.elements((long) run.n() * tensor.width()));
        if (source == null) {
            symbolizer.direct(format, scales, elements, run.first());
            return false;
        }
        MemorySegment predicted = scratch.predicted((long) run.n() * source.width());
        Prediction prediction = source.predict(run.first(), predicted, scratch);
        return symbolizer.delta(format, scales, elements, prediction, run.first());
    }

    private FloatSymbolizer symbolizer(FloatFormat format) {
        return format.dtype().bits() <= 32 ? narrow : wide;
    }

    private Candidate refine(ElementSource tensor, List<Candidate> candidates) throws IOException {
        candidates.sort((a, b) -> Double.compare(a.bits(), b.bits()));
        Candidate best = candidates.getFirst();
        if (!ScaleFitter.hasLines(tensor.tensor())) {
            return best;
        }
        double limit = best.bits() * CLOSE;
        for (Candidate candidate : candidates) {
            if (candidate.bits() <= limit) {
                Candidate refined = withLines(tensor, candidate);
                best = refined.bits() < best.bits() ? refined : best;
            }
        }
        return best;
    }

    private Candidate withLines(ElementSource tensor, Candidate candidate) throws IOException {
        FloatFormat format = candidate.format();
        long elements = tensor.tensor().elementCount();
        List<RunSampler.Run> sample = RunSampler.sample(elements, SAMPLE);
        // What a scale array costs is spread over the elements that it serves, of which the sample has a part.
        double share = (double) RunSampler.total(sample) / elements;
        ScaleFitter.Sizes sizes = fitter.lines(format, tensor, candidate.source());
        long columns = tensor.tensor().columns(1);
        Candidate best = candidate;
        for (int variant = 1; variant < 4; variant++) {
            ElementScales scales =
                    ScaleFitter.scales(format, sizes, columns, (variant & 1) != 0, (variant & 2) != 0);
            boolean possible = (variant & 1) != 0 == (scales.rowScales() != null)
                    && (variant & 2) != 0 == (scales.columnScales() != null);
            if (possible) {
                symbolize(format, tensor, candidate.source(), scales, sample);
                double side = ScaleFitter.bits(scales.rowScales()) + ScaleFitter.bits(scales.columnScales());
                double bits = counts.bits(format, candidate.source() != null) + side * share;
                best = bits < best.bits() ? candidate.with(scales, bits) : best;
            }
        }
        return best;
    }

    /**
     * Counts the symbols of a planned float tensor, on a sample if it is large.
     *
     * @param most about how many elements to count
     * @return whether every element was counted
     */
    boolean count(ElementSource tensor, TensorPlan plan, int most, long[] totals) throws IOException {
        FloatFormat format = Objects.requireNonNull(plan.format());
        ElementScales scales = Objects.requireNonNull(plan.scales());
        long elements = plan.tensor().elementCount();
        symbolize(format, tensor, plan.source(), scales, RunSampler.sample(elements, most));
        counts.addTo(totals);
        return elements <= most;
    }

    /** Low bits that are zero in every element, at most the mantissa. */
    private static int padding(MemorySegment bytes, DType dtype) {
        long any = 0;
        long whole = bytes.byteSize() / Long.BYTES;
        for (long i = 0; i < whole; i++) {
            any |= bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, i * Long.BYTES);
            if ((any & LOW_BITS) == LOW_BITS) {
                return 0;
            }
        }
        long folded = 0;
        for (int bit = 0; bit < Long.SIZE; bit += dtype.bits()) {
            folded |= any >>> bit;
        }
        for (long at = whole * Long.BYTES; at < bytes.byteSize(); at++) {
            long bit = at * Byte.SIZE % dtype.bits();
            folded |= (bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFFL) << bit;
        }
        return folded == 0 ? 0 : Math.min(Long.numberOfTrailingZeros(folded), dtype.mantissaBits());
    }

    private boolean isEqual(MemorySegment bytes, Candidate candidate, TensorInfo tensor) throws IOException {
        ElementSource source = candidate.source();
        return source != null
                && source.tensor().dtype() == tensor.dtype()
                && equals(bytes, source.file(), source.tensor());
    }

    private boolean equals(MemorySegment bytes, DecodedFile file, TensorInfo other) throws IOException {
        long length = bytes.byteSize();
        if (other.byteLength() != length) {
            return false;
        }
        long step = 1 << 19;
        for (long at = 0; at < length; at += step) {
            MemorySegment part = scratch.predicted(Math.min(step, length - at));
            file.read(file.schemaLength() + other.begin() + at, part);
            if (part.mismatch(bytes.asSlice(at, part.byteSize())) >= 0) {
                return false;
            }
        }
        return true;
    }
}
