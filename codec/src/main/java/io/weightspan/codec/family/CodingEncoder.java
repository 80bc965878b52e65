package io.weightspan.codec.family;

import io.weightspan.codec.container.CodingWriter;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.residual.BoundedBlocks;
import io.weightspan.codec.residual.BytesBlocks;
import io.weightspan.codec.residual.CoefficientBlocks;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.residual.FloatBlockEncoder;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes planned tensors as one coding of a container: chooses tables, then codes block after block, of a window at a
 * time. For one thread, which shares the blocks out.
 */
final class CodingEncoder {
    /** Elements of one tensor that are counted for the tables; of larger tensors a sample. */
    private static final int COUNTED = 1 << 20;

    /** Of smaller tensors, on average, digests would be a percent of the record; the file's digest covers them too. */
    private static final long SMALLEST_WITH_DIGESTS = 1 << 15;

    /** Blocks encoded at once, for each thread. */
    private static final int WINDOW = 4;

    private final DecodedFile file;
    private final List<MemorySegment> bytes;
    private final EncodeOptions options;
    private final Progress progress;
    private final List<TensorPlan> plans;
    private final TablePlanner.Tables tables;
    private final boolean ofLayer;

    /**
     * Chooses the tables.
     *
     * @param file the file that is coded
     * @param bytes its tensors
     * @param plans how each is coded
     * @param ofLayer whether this is a first layer, which has no digests
     */
    CodingEncoder(
            DecodedFile file,
            List<MemorySegment> bytes,
            List<TensorPlan> plans,
            boolean ofLayer,
            EncodeOptions options,
            Progress progress)
            throws IOException {
        this.file = file;
        this.bytes = bytes;
        this.options = options;
        this.progress = progress;
        this.plans = plans;
        this.ofLayer = ofLayer;
        this.tables = tables();
    }

    private TablePlanner.Tables tables() throws IOException {
        TablePlanner planner = new TablePlanner();
        TensorPlanner counter = new TensorPlanner();
        for (int t = 0; t < plans.size(); t++) {
            TensorPlan plan = plans.get(t);
            if (plan.residual().usesTables()) {
                long[] counts = new long[NumbersPlan.COUNTS];
                NumbersPlan numbers = plan.numbers();
                BoundedPlan bounded = plan.bounded();
                if (numbers != null) {
                    numbers.count(counts);
                    planner.addNumbers(t, plan.residual(), counts);
                } else if (bounded != null) {
                    countSteps(plan, bounded, counts);
                    planner.addNumbers(t, plan.residual(), counts);
                } else {
                    boolean whole = counter.count(new ElementSource(file, plan.tensor()), plan, COUNTED, counts);
                    planner.add(t, plan.residual(), Objects.requireNonNull(plan.format()), counts, whole);
                }
            }
        }
        return planner.build(plans.size());
    }

    private static void countSteps(TensorPlan plan, BoundedPlan bounded, long[] counts) {
        BoundedBlocks blocks = new BoundedBlocks();
        int[] steps = bounded.steps();
        for (int from = 0; from < steps.length; from += BoundedBlocks.BLOCK) {
            int n = Math.min(BoundedBlocks.BLOCK, steps.length - from);
            blocks.count(Objects.requireNonNull(plan.scales()), steps, from, n, counts);
        }
    }

    /**
     * Writes all of it.
     *
     * @param writer takes chunks, blocks and entries
     * @param used the record's dependencies
     */
    void write(CodingWriter writer, List<Reference> used) throws IOException {
        writeShared(writer);
        BlockEncoders encoders = new BlockEncoders();
        for (int t = 0; t < plans.size(); t++) {
            writeTensor(writer, encoders, t, used);
        }
    }

    private void writeShared(CodingWriter writer) throws IOException {
        if (!tables.tables().isEmpty()) {
            BitWriter bits = new BitWriter(4_096);
            for (FrequencyTable table : tables.tables()) {
                table.write(bits);
            }
            writer.tables(bits.toByteArray(), tables.tables().size());
        }
        ByteArrayOutputStream scales = new ByteArrayOutputStream();
        for (TensorPlan plan : plans) {
            ElementScales own = plan.scales();
            if (own != null) {
                scales.writeBytes(own.rowScales() == null ? new byte[0] : own.rowScales());
                scales.writeBytes(own.columnScales() == null ? new byte[0] : own.columnScales());
            }
        }
        if (scales.size() > 0) {
            writer.scales(scales.toByteArray());
        }
    }

    /** The table sets that the entries refer to. */
    List<TableSet> tableSets() {
        List<TableSet> sets = new ArrayList<>();
        for (int set = 0; set < tables.firstTables().size(); set++) {
            sets.add(TableSet.newBuilder()
                    .setFirstTable(tables.firstTables().get(set))
                    .addAllSegmentEnds(tables.segmentEnds().get(set))
                    .build());
        }
        return sets;
    }

    /** What turns elements into blocks, with scratch memory for each thread that is at work. */
    private final class BlockEncoders {
        private final EncodingTables encodingTables = new EncodingTables(tables.tables());
        private final Pool<Worker> workers = new Pool<>(Worker::new);
        private final Pool<CoefficientBlocks> coefficients = new Pool<>(CoefficientBlocks::new);
    }

    private static final class Worker {
        private final Scratch scratch = new Scratch();
        private final FloatBlockEncoder narrow = new FloatBlockEncoder(DType.F32);
        private final FloatBlockEncoder wide = new FloatBlockEncoder(DType.F64);

        private @Nullable BoundedBlocks bounded;

        BoundedBlocks bounded() {
            BoundedBlocks blocks = bounded;
            if (blocks == null) {
                blocks = new BoundedBlocks();
                bounded = blocks;
            }
            return blocks;
        }

        FloatBlockEncoder encoder(FloatFormat format) {
            return format.dtype().bits() <= 32 ? narrow : wide;
        }
    }

    private void writeTensor(CodingWriter writer, BlockEncoders encoders, int index, List<Reference> used)
            throws IOException {
        TensorPlan plan = plans.get(index);
        if (plan.numbers() != null) {
            writeNumbers(writer, encoders, index, plan.numbers());
            writer.endTensor(entry(plan, tables.sets()[index], used), digest(plan));
            return;
        }
        MemorySegment own = bytes.get(index);
        int blockBytes = plan.residual().blockBytes(plan.tensor().dtype());
        int blocks = Math.toIntExact(plan.residual().blockCount(plan.tensor()));
        FloatBlockEncoder.Parameters parameters = parameters(plan, encoders.encodingTables, tables.sets()[index]);
        int window = WINDOW * options.threads();
        for (int from = 0; from < blocks; from += window) {
            int start = from;
            int count = Math.min(window, blocks - from);
            byte[][] stored = new byte[count][];
            Parallel.run(options.threads(), count, encoders.workers, (worker, i) -> {
                long at = (long) (start + i) * blockBytes;
                MemorySegment block = own.asSlice(at, Math.min(blockBytes, own.byteSize() - at));
                stored[i] = encodeBlock(worker, plan, parameters, block, at);
                progress.advance(block.byteSize());
            });
            for (byte[] block : stored) {
                writer.appendBlock(MemorySegment.ofArray(block));
            }
        }
        if (blocks == 0) {
            progress.advance(own.byteSize());
        }
        writer.endTensor(entry(plan, tables.sets()[index], used), digest(plan));
    }

    private Optional<Digest> digest(TensorPlan plan) {
        boolean small = file.length() < SMALLEST_WITH_DIGESTS * plans.size();
        return ofLayer || small ? Optional.empty() : Optional.of(plan.sha256());
    }

    private void writeNumbers(CodingWriter writer, BlockEncoders encoders, int index, NumbersPlan numbers)
            throws IOException {
        int[] contexts = tables.contexts(tables.sets()[index]);
        int[] all = numbers.numbers();
        int[] tableOf = new int[all.length];
        for (int i = 0; i < tableOf.length; i++) {
            tableOf[i] = contexts[numbers.context(i)];
        }
        CoefficientBlocks blocks = encoders.coefficients.take();
        for (int from = 0; from < tableOf.length; from += CoefficientBlocks.BLOCK) {
            int n = Math.min(CoefficientBlocks.BLOCK, tableOf.length - from);
            byte[] block = blocks.encode(all, from, n, encoders.encodingTables, tableOf);
            writer.appendBlock(MemorySegment.ofArray(block));
        }
        encoders.coefficients.giveBack(blocks);
    }

    private FloatBlockEncoder.@Nullable Parameters parameters(TensorPlan plan, EncodingTables encoding, int set) {
        FloatFormat format = plan.format();
        ElementScales scales = plan.scales();
        return format == null || scales == null
                ? null
                : new FloatBlockEncoder.Parameters(format, scales, encoding, tables.contexts(set));
    }

    private byte[] encodeBlock(
            Worker worker,
            TensorPlan plan,
            FloatBlockEncoder.@Nullable Parameters parameters,
            MemorySegment block,
            long at)
            throws IOException {
        if (parameters == null) {
            return BytesBlocks.encode(block, options.zstdLevel());
        }
        int width = plan.tensor().dtype().bits() / Byte.SIZE;
        long first = at / width;
        BoundedPlan bounded = plan.bounded();
        if (bounded != null) {
            return worker.bounded().encode(
                    plan.tensor().dtype(),
                    parameters.scales(),
                    parameters.tables(),
                    parameters.contexts(),
                    bounded.steps(),
                    first,
                    block);
        }
        Prediction prediction = null;
        ElementSource source = plan.source();
        if (source != null) {
            MemorySegment predicted = worker.scratch.predicted(block.byteSize() / width * source.width());
            prediction = source.predict(first, predicted, worker.scratch);
        }
        return worker.encoder(parameters.format()).encode(parameters, block, prediction, first);
    }

    private static TensorEntry entry(TensorPlan plan, int set, List<Reference> used) {
        TensorEntry.Builder entry = TensorEntry.newBuilder()
                .setPredictor(plan.predictor().id())
                .setResidual(plan.residual().id());
        Reference reference = plan.reference();
        if (reference != null && plan.predictor() != PredictorKind.LAYER) {
            entry.setDependency(used.indexOf(reference));
        }
        if (plan.predictor() != PredictorKind.NONE && plan.predictor() != PredictorKind.LAYER) {
            entry.setSourceTensor(plan.sourceTensor());
        }
        NumbersPlan numbers = plan.numbers();
        if (numbers != null) {
            entry.setTableSet(Math.max(0, set)).setCentred(reference != null);
            numbers.describe(entry, used);
        }
        BoundedPlan bounded = plan.bounded();
        if (bounded != null) {
            entry.setStep(bounded.step());
        }
        FloatFormat format = plan.format();
        ElementScales scales = plan.scales();
        if (format != null && scales != null) {
            entry.setTableSet(set)
                    .setShift(format.shift())
                    .setScale(scales.scale())
                    .setRowDims(plan.rowDims())
                    .setHasRowScales(scales.rowScales() != null)
                    .setHasColumnScales(scales.columnScales() != null);
        }
        return entry.build();
    }
}
