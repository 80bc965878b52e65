package io.weightspan.codec.family;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.entropy.BitReader;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Directions;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What the tensors of a record need to be decoded: tables, scales and the files that predict them, each made when
 * it is first needed.
 *
 * <p>Thread-safe.
 */
final class RecordTensors {
    private final TensorCoding container;
    private final OpenedDependencies dependencies;
    private final @Nullable RecordDecoder layer;
    private final AtomicReferenceArray<@Nullable TensorDecoder> decoders;
    private final PredictedMatrices matrices;
    private @Nullable DecodingTables tables;
    private @Nullable MemorySegment scales;
    private long @Nullable [] scaleOffsets;

    /**
     * Prepares to decode.
     *
     * @param container how the tensors are coded
     * @param dependencies the files that predict them; not closed
     * @param layer the first layer, or null where there is none or this is it
     */
    RecordTensors(TensorCoding container, OpenedDependencies dependencies, @Nullable RecordDecoder layer) {
        this.container = container;
        this.dependencies = dependencies;
        this.layer = layer;
        decoders = new AtomicReferenceArray<>(container.tensors().size());
        matrices = new PredictedMatrices(container, dependencies);
    }

    /** The decoder of a tensor with blocks. */
    TensorDecoder decoder(int tensor) throws IOException {
        TensorDecoder known = decoders.get(tensor);
        if (known == null) {
            known = make(tensor);
            decoders.set(tensor, known);
        }
        return known;
    }

    private TensorDecoder make(int tensor) throws IOException {
        ResidualKind residual = container.residual(tensor);
        TensorEntry entry = container.entry(tensor);
        FloatBlockDecoder.Parameters parameters = null;
        if (residual.isOfNumbers()) {
            checkDepth(tensor);
            ElementSource center = entry.getCentred() && !isFactor(tensor) ? source(tensor) : null;
            PredictedMatrices.Numbers numbers = new PredictedMatrices.Numbers(
                    tensor, tables(), of -> contexts(container.entry(of).getTableSet()));
            return new TensorDecoder(container, tensor, residual, null, 0, center, () -> matrices.get(numbers),
                    null);
        }
        if (residual.usesTables()) {
            TensorInfo info = container.tensors().get(tensor);
            DecodingTables decoding = tables();
            parameters = new FloatBlockDecoder.Parameters(
                    new FloatFormat(info.dtype(), entry.getShift()),
                    elementScales(tensor, info, entry),
                    decoding,
                    contexts(entry.getTableSet()));
        }
        if (residual == ResidualKind.CELLS) {
            checkDepth(tensor);
            RecordDecoder below = Objects.requireNonNull(layer);
            return new TensorDecoder(container, tensor, residual, parameters, 0, null, null,
                    (block, out, sums) -> below.decodeBlock(tensor, block, out, sums));
        }
        PredictorKind predictor = container.predictor(tensor);
        boolean predicted = predictor.needsDependency() || predictor == PredictorKind.LAYER;
        return new TensorDecoder(
                container, tensor, residual, parameters, entry.getStep(), predicted ? source(tensor) : null, null,
                null);
    }

    private boolean isFactor(int tensor) {
        return container.predictor(tensor).isOfPair();
    }

    private int[] contexts(int set) {
        TableSet tableSet = container.index().getTableSets(set);
        int[] contexts = new int[128];
        int context = 0;
        for (int k = 0; k < tableSet.getSegmentEndsCount(); k++) {
            while (context < tableSet.getSegmentEnds(k)) {
                contexts[context++] = (tableSet.getFirstTable() + k) * FrequencyTable.TOTAL;
            }
        }
        return contexts;
    }

    private synchronized DecodingTables tables() throws IOException {
        DecodingTables known = tables;
        if (known == null) {
            byte[] bytes = container.tablesChunk().toArray(ValueLayout.JAVA_BYTE);
            try {
                BitReader bits = new BitReader(bytes, ErrorCode.MALFORMED_TABLE);
                List<FrequencyTable> list = new ArrayList<>();
                for (int i = 0; i < container.index().getTableCount(); i++) {
                    list.add(FrequencyTable.read(bits));
                }
                bits.end();
                known = new DecodingTables(list);
            } catch (ContainerException e) {
                throw e.in(container.name(), null, container.tablesOffset());
            }
            tables = known;
        }
        return known;
    }

    private synchronized ElementScales elementScales(int tensor, TensorInfo info, TensorEntry entry)
            throws IOException {
        if (!entry.getHasRowScales() && !entry.getHasColumnScales()) {
            return ElementScales.uniform(entry.getScale());
        }
        MemorySegment bytes = scales();
        long at = scaleOffsets()[tensor];
        long rows = info.rows(entry.getRowDims());
        long columns = info.columns(entry.getRowDims());
        byte[] rowScales = null;
        if (entry.getHasRowScales()) {
            rowScales = bytes.asSlice(at, rows).toArray(ValueLayout.JAVA_BYTE);
            at += rows;
        }
        byte[] columnScales = entry.getHasColumnScales()
                ? bytes.asSlice(at, columns).toArray(ValueLayout.JAVA_BYTE)
                : null;
        return new ElementScales(entry.getScale(), Math.max(columns, 1), rowScales, columnScales);
    }

    private synchronized MemorySegment scales() throws IOException {
        MemorySegment known = scales;
        if (known == null) {
            known = container.scalesChunk();
            scales = known;
        }
        return known;
    }

    private synchronized long[] scaleOffsets() {
        long[] known = scaleOffsets;
        if (known == null) {
            known = new long[container.tensors().size()];
            long at = 0;
            for (int t = 0; t < known.length; t++) {
                known[t] = at;
                TensorEntry entry = container.entry(t);
                TensorInfo info = container.tensors().get(t);
                at += entry.getHasRowScales() ? info.rows(entry.getRowDims()) : 0;
                at += entry.getHasColumnScales() ? info.columns(entry.getRowDims()) : 0;
            }
            scaleOffsets = known;
        }
        return known;
    }

    /** Checks tables and scales even if no tensor needs them (strict validators). */
    void checkShared() throws IOException {
        tables();
        scales();
    }

    /**
     * The tensor that predicts another, or that directions are added to, checked against R-DEC-004, R-DEC-005,
     * R-PRD-001, R-PRD-002 and R-MOD-004.
     */
    ElementSource source(int tensor) throws IOException {
        if (container.predictor(tensor) == PredictorKind.LAYER) {
            checkDepth(tensor);
            return new ElementSource(Objects.requireNonNull(layer), container.tensors().get(tensor));
        }
        TensorEntry entry = container.entry(tensor);
        DecodedFile file = dependencies.get(entry.getDependency(), tensor);
        int index = entry.getSourceTensor();
        boolean exists = file.schemaLength() > 0 && index >= 0 && index < file.tensors().size();
        TensorInfo own = container.tensors().get(tensor);
        if (!exists || !fits(file.tensors().get(index), own, container.residual(tensor))) {
            throw container.error(
                    ErrorCode.WRONG_DEPENDENCY,
                    "tensor " + index + " of dependency " + dependencies.digest(entry.getDependency())
                            + " cannot predict this one",
                    tensor,
                    -1,
                    null);
        }
        checkDepth(tensor);
        return new ElementSource(file, file.tensors().get(index));
    }

    private static boolean fits(TensorInfo source, TensorInfo own, ResidualKind residual) {
        DType from = source.dtype();
        DType to = own.dtype();
        boolean converts = residual != ResidualKind.EQUAL
                && (from == DType.BF16 && to == DType.F32 || from == DType.F32 && to == DType.BF16);
        return (from == to || converts) && source.elementCount() == own.elementCount();
    }

    /** Refuses a tensor that is too deep (R-DEC-005). */
    void checkDepth(int tensor) throws IOException {
        if (depth(tensor, Limits.DEPTH) > Limits.DEPTH) {
            throw container.error(
                    ErrorCode.LIMIT_EXCEEDED, "more than " + Limits.DEPTH + " predictions deep", tensor, -1, null);
        }
    }

    /**
     * The tensor's depth, or something above {@code most} if it is above that: a long chain is not followed to its
     * end.
     */
    int depth(int tensor, int most) throws IOException {
        int depth = 0;
        int at = tensor;
        while (container.predictor(at) == PredictorKind.SELF && depth <= most) {
            at = container.entry(at).getSourceTensor();
            depth++;
        }
        if (depth > most) {
            return depth;
        }
        TensorEntry entry = container.entry(at);
        return switch (container.predictor(at)) {
            case NONE, SELF -> depth;
            case BASE, SIBLING -> below(depth + 1, at, entry.getDependency(), entry.getSourceTensor(), most);
            case LAYER ->
                depth == most ? most + 1 : depth + 1 + Objects.requireNonNull(layer).depth(at, most - depth - 1);
            case MODES, LOWRANK, PRODUCT, BALANCED -> depthOfNumbers(depth + 1, at, most);
        };
    }

    /** The depth of a tensor that numbers predict, where {@code depth} is that of one whose sources have none. */
    private int depthOfNumbers(int depth, int tensor, int most) throws IOException {
        TensorEntry entry = container.entry(PredictedMatrices.holder(container, tensor));
        PredictorKind predictor = container.predictor(tensor);
        boolean isCentred = entry.getCentred() && !predictor.isOfPair();
        int deepest = isCentred
                ? below(depth, tensor, entry.getDependency(), entry.getSourceTensor(), most)
                : depth;
        List<Directions> used = new ArrayList<>();
        if (predictor.hasDirections()) {
            used.addAll(directions(entry));
        }
        if (predictor == PredictorKind.BALANCED) {
            used.addAll(directions(container.entry(entry.getPartner())));
        }
        for (Directions some : used) {
            // Directions, their scales and their levels.
            int parts = dependencies.role(some.getDependency()) == Role.ROLE_BASIS ? 3 : 1;
            for (int part = 0; part < parts; part++) {
                deepest = Math.max(
                        deepest, below(depth, tensor, some.getDependency(), some.getTensor() + part, most));
            }
        }
        // A tensor that its numbers alone predict has no source.
        return used.isEmpty() && !isCentred ? depth - 1 : deepest;
    }

    /** The depth where a tensor of a dependency stands one below {@code depth}; one that does not exist is of none. */
    private int below(int depth, int tensor, int dependency, int source, int most) throws IOException {
        if (depth > most) {
            return depth;
        }
        DecodedFile file = dependencies.get(dependency, tensor);
        boolean exists = source >= 0 && source < file.tensors().size();
        return exists ? depth + file.depth(source, most - depth) : depth;
    }

    private static List<Directions> directions(TensorEntry entry) {
        List<Directions> all = new ArrayList<>(entry.getLeftList());
        all.addAll(entry.getRightList());
        return all;
    }
}
