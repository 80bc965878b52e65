package io.weightspan.codec.family;

import io.weightspan.codec.container.ContainerWriter;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.entropy.BitWriter;
import io.weightspan.codec.entropy.EncodingTables;
import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.residual.BytesBlocks;
import io.weightspan.codec.residual.ElementScales;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.residual.FloatBlockEncoder;
import io.weightspan.codec.residual.FloatFormat;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import io.weightspan.format.v1.Writer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Encodes one file as a record, without loss.
 *
 * <p>The file is read three times: to decide how each tensor is coded, to count symbols for the tables, and to
 * write blocks. Memory stays bounded whatever the file's size: blocks of a window at a time, and a few words a row
 * and column. Stateless; each call works alone.
 */
public final class RecordEncoder {
    /** Elements of one tensor that are counted for the tables; of larger tensors a sample. */
    private static final int COUNTED = 1 << 20;

    /** Blocks encoded at once, for each thread. */
    private static final int WINDOW = 4;

    private static final String WRITER = "weightspan-java";
    private static final int OPAQUE_LEVEL = 19;

    private final DecodedFile file;
    private final List<MemorySegment> bytes;
    private final EncodeOptions options;
    private final Progress progress;
    private final List<TensorPlan> plans;
    private final TablePlanner.Tables tables;

    private RecordEncoder(
            DecodedFile file,
            List<MemorySegment> bytes,
            EncodeOptions options,
            Progress progress,
            List<TensorPlan> plans)
            throws IOException {
        this.file = file;
        this.bytes = bytes;
        this.options = options;
        this.progress = progress;
        this.plans = plans;
        this.tables = tables();
    }

    /**
     * Encodes a safetensors file.
     *
     * @param path the file
     * @param references what may predict its tensors; a tensor of the same name and size is tried, the smallest
     *      result wins
     * @param options speed and effort
     * @param out where the record goes; must not exist
     * @param progress hears of the file's bytes, each once
     * @return what was written
     * @throws io.weightspan.codec.container.ContainerException if the file is not a safetensors file: {@code
     *      MALFORMED_SCHEMA}, {@code DUPLICATE_NAME}, {@code LIMIT_EXCEEDED} or {@code TRUNCATED}; nothing was
     *      written then
     * @throws IOException if a file cannot be read or written; what was written is deleted
     */
    public static EncodedRecord encode(
            Path path, List<Reference> references, EncodeOptions options, Path out, Progress progress)
            throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            List<MemorySegment> bytes = new ArrayList<>();
            for (int t = 0; t < file.tensors().size(); t++) {
                bytes.add(file.tensor(t));
            }
            List<TensorPlan> plans = plan(file, bytes, references, options);
            RecordEncoder encoder = new RecordEncoder(file, bytes, options, progress, plans);
            return encoder.write(Layout.LAYOUT_SAFETENSORS, file.schema(), Digest.sha256(file.bytes()), out);
        }
    }

    /**
     * Encodes any file as bytes.
     *
     * @param path the file
     * @param options speed and effort
     * @param out where the record goes; must not exist
     * @param progress hears of the file's bytes, each once
     * @return what was written
     * @throws IOException if a file cannot be read or written; what was written is deleted
     */
    public static EncodedRecord encodeOpaque(Path path, EncodeOptions options, Path out, Progress progress)
            throws IOException {
        try (MappedSource source = MappedSource.open(path); OpaqueFile file = new OpaqueFile(source)) {
            Digest sha256 = Digest.sha256(source.bytes());
            List<TensorPlan> plans = List.of(TensorPlan.bytes(file.tensors().getFirst(), sha256));
            EncodeOptions thorough = new EncodeOptions(options.threads(), OPAQUE_LEVEL);
            RecordEncoder encoder = new RecordEncoder(file, List.of(source.bytes()), thorough, progress, plans);
            return encoder.write(Layout.LAYOUT_OPAQUE, MemorySegment.NULL, sha256, out);
        }
    }

    private static List<TensorPlan> plan(
            SafetensorsFile file, List<MemorySegment> bytes, List<Reference> references, EncodeOptions options)
            throws IOException {
        List<TensorInfo> tensors = file.tensors();
        TensorPlan[] plans = new TensorPlan[tensors.size()];
        Parallel.run(options.threads(), tensors.size(), new Pool<>(TensorPlanner::new),
                (planner, t) -> plans[t] = planner.plan(file, bytes.get(t), tensors.get(t), references));
        Map<Digest, Integer> seen = new HashMap<>();
        for (int t = 0; t < plans.length; t++) {
            TensorPlan plan = plans[t];
            Integer first = seen.putIfAbsent(plan.sha256(), t);
            boolean same = first != null
                    && plan.residual() != ResidualKind.EQUAL
                    && plan.tensor().byteLength() > 0
                    && plans[first].tensor().dtype() == plan.tensor().dtype();
            if (first != null && same) {
                plans[t] = TensorPlan.self(plan.tensor(), plan.sha256(), first);
            }
        }
        return List.of(plans);
    }

    private TablePlanner.Tables tables() throws IOException {
        TablePlanner planner = new TablePlanner();
        TensorPlanner counter = new TensorPlanner();
        for (int t = 0; t < plans.size(); t++) {
            TensorPlan plan = plans.get(t);
            if (plan.residual().usesTables()) {
                long[] counts = new long[128 * FrequencyTable.SYMBOLS];
                boolean whole = counter.count(new ElementSource(file, plan.tensor()), plan, COUNTED, counts);
                planner.add(t, plan.residual(), Objects.requireNonNull(plan.format()), counts, whole);
            }
        }
        return planner.build(plans.size());
    }

    private EncodedRecord write(Layout layout, MemorySegment schema, Digest sha256, Path out) throws IOException {
        List<Reference> used = used();
        Front.Builder front = Front.newBuilder()
                .setLayout(layout)
                .setFileLength(file.length())
                .setFileSha256(sha256.byteString())
                .setWriter(Writer.newBuilder().setName(WRITER).setVersion(version()));
        for (Reference reference : used) {
            front.addDependencies(Dependency.newBuilder()
                    .setObjectSha256(reference.objectSha256().byteString())
                    .setFileSha256(reference.fileSha256().byteString())
                    .setRole(reference.role()));
        }
        boolean done = false;
        try (ContainerWriter writer = ContainerWriter.create(out, front.build(), schema)) {
            writeShared(writer);
            progress.advance(file.length() - file.tensors().stream().mapToLong(TensorInfo::byteLength).sum());
            BlockEncoders encoders = new BlockEncoders();
            for (int t = 0; t < plans.size(); t++) {
                writeTensor(writer, encoders, t, used);
            }
            ContainerWriter.Written written = writer.finish(tableSets());
            done = true;
            int depth = used.stream().mapToInt(r -> r.depth() + 1).max().orElse(0);
            return new EncodedRecord(written.object(), written.length(), sha256, file.length(), used, depth);
        } finally {
            if (!done) {
                Files.deleteIfExists(out);
            }
        }
    }

    private static String version() {
        String version = RecordEncoder.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }

    private List<Reference> used() {
        Set<Reference> used = new LinkedHashSet<>();
        for (TensorPlan plan : plans) {
            Reference reference = plan.reference();
            if (reference != null) {
                used.add(reference);
            }
        }
        return List.copyOf(used);
    }

    private void writeShared(ContainerWriter writer) throws IOException {
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

    private List<TableSet> tableSets() {
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
    }

    private static final class Worker {
        private final Scratch scratch = new Scratch();
        private final FloatBlockEncoder narrow = new FloatBlockEncoder(DType.F32);
        private final FloatBlockEncoder wide = new FloatBlockEncoder(DType.F64);

        FloatBlockEncoder encoder(FloatFormat format) {
            return format.dtype().bits() <= 32 ? narrow : wide;
        }
    }

    private void writeTensor(ContainerWriter writer, BlockEncoders encoders, int index, List<Reference> used)
            throws IOException {
        TensorPlan plan = plans.get(index);
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
        writer.endTensor(entry(plan, tables.sets()[index], used), plan.sha256());
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
        Prediction prediction = null;
        ElementSource source = plan.source();
        if (source != null) {
            MemorySegment predicted = worker.scratch.predicted(block.byteSize() / width * source.width());
            prediction = new Prediction(source.read(first, predicted), source.tensor().dtype());
        }
        return worker.encoder(parameters.format()).encode(parameters, block, prediction, first);
    }

    private static TensorEntry entry(TensorPlan plan, int set, List<Reference> used) {
        TensorEntry.Builder entry = TensorEntry.newBuilder()
                .setPredictor(plan.predictor().id())
                .setResidual(plan.residual().id());
        Reference reference = plan.reference();
        if (reference != null) {
            entry.setDependency(used.indexOf(reference));
        }
        if (plan.predictor() != PredictorKind.NONE) {
            entry.setSourceTensor(plan.sourceTensor());
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
