package io.weightspan.codec.family;

import io.weightspan.codec.container.ContainerWriter;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.LayerWriter;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.Writer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Encodes one file as a record, without loss.
 *
 * <p>The file is read three times: to decide how each tensor is coded, to count symbols for the tables, and to
 * write blocks. Memory stays bounded whatever the file's size: blocks of a window at a time, and a few words a row
 * and column. Stateless; each call works alone.
 */
public final class RecordEncoder {
    private static final String WRITER = "weightspan-java";
    private static final int OPAQUE_LEVEL = 19;

    /** A first layer that costs less than this part of the record is kept though it saves nothing. */
    private static final double CHEAP_LAYER = 0.01;

    private final EncodeOptions options;
    private final Progress progress;

    private RecordEncoder(EncodeOptions options, Progress progress) {
        this.options = options;
        this.progress = progress;
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
        return encode(path, references, Optional.empty(), options, out, progress);
    }

    /**
     * Encodes a safetensors file.
     *
     * @param path the file
     * @param references what may predict its tensors; a tensor of the same name and size is tried, the smallest
     *      result wins
     * @param basis directions of the file's family, or empty. Where there is one, the record gets a first layer of
     *      coefficients if that makes it smaller, or costs next to nothing
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
            Path path,
            List<Reference> references,
            Optional<BasisReference> basis,
            EncodeOptions options,
            Path out,
            Progress progress)
            throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Source source = new Source(file, references, basis, Digest.sha256(file.bytes()));
            RecordEncoder encoder = new RecordEncoder(options, progress);
            List<TensorPlan> plans = plan(file, source.bytes(), references, options);
            EncodedRecord plain = encoder.encodePlain(source, plans, out);
            if (basis.isEmpty()) {
                return plain;
            }
            boolean done = false;
            Path layered = out.resolveSibling(out.getFileName() + ".layered");
            try {
                EncodedRecord other = new RecordEncoder(options, Progress.NONE).encodeLayered(source, plans, layered);
                if (other.storedLength() <= plain.storedLength() * (1 + CHEAP_LAYER)) {
                    Files.move(layered, out, StandardCopyOption.REPLACE_EXISTING);
                    done = true;
                    return other;
                }
                done = true;
                return plain;
            } finally {
                Files.deleteIfExists(layered);
                if (!done) {
                    Files.deleteIfExists(out);
                }
            }
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
            EncodeOptions thorough = new EncodeOptions(options.threads(), OPAQUE_LEVEL, options.step());
            RecordEncoder encoder = new RecordEncoder(thorough, progress);
            CodingEncoder coding =
                    new CodingEncoder(file, List.of(source.bytes()), plans, false, thorough, progress);
            return encoder.write(file, Layout.LAYOUT_OPAQUE, sha256, plans, coding, Optional.empty(), out);
        }
    }

    /** A file and what may predict it. */
    private record Source(
            SafetensorsFile file, List<Reference> references, Optional<BasisReference> basis, Digest sha256) {
        List<MemorySegment> bytes() {
            List<MemorySegment> bytes = new ArrayList<>();
            for (int t = 0; t < file.tensors().size(); t++) {
                bytes.add(file.tensor(t));
            }
            return bytes;
        }
    }

    private EncodedRecord encodePlain(Source source, List<TensorPlan> plans, Path out) throws IOException {
        CodingEncoder coding = new CodingEncoder(source.file(), source.bytes(), plans, false, options, progress);
        return write(
                source.file(), Layout.LAYOUT_SAFETENSORS, source.sha256(), plans, coding, Optional.empty(), out);
    }

    private EncodedRecord encodeLayered(Source source, List<TensorPlan> plain, Path out) throws IOException {
        SafetensorsFile file = source.file();
        List<MemorySegment> bytes = source.bytes();
        Path scratch = out.resolveSibling(out.getFileName() + ".file");
        try (LayerFile decoded = new LayerFile(file, scratch);
                LayerWriter layer = LayerWriter.create(out.resolveSibling(out.getFileName() + ".layer"))) {
            LayerPlanner planner = new LayerPlanner(file, source.references(), source.basis(), options.step());
            List<TensorPlan> first = new ArrayList<>();
            List<TensorPlan> plans = new ArrayList<>();
            List<Reference> candidates = new ArrayList<>(source.references());
            candidates.add(Reference.ofLayer(decoded, 2));
            TensorPlanner exact = new TensorPlanner();
            for (int t = 0; t < bytes.size(); t++) {
                TensorInfo tensor = file.tensors().get(t);
                TensorPlan own = plain.get(t);
                MemorySegment elements = decoded.tensor(tensor);
                Optional<TensorPlan> modes = own.residual() == ResidualKind.EQUAL
                        ? Optional.empty()
                        : planner.plan(tensor, own.sha256(), elements);
                if (own.predictor() == PredictorKind.SELF) {
                    elements.copyFrom(decoded.tensor(file.tensors().get(own.sourceTensor())));
                    first.add(own);
                    plans.add(own);
                } else if (modes.isPresent()) {
                    first.add(modes.get());
                    plans.add(exact.plan(file, bytes.get(t), tensor, own.sha256(), candidates));
                } else {
                    elements.copyFrom(bytes.get(t));
                    first.add(own);
                    plans.add(TensorPlan.layer(tensor, own.sha256()));
                }
            }
            CodingEncoder layerCoding = new CodingEncoder(file, bytes, first, true, options, Progress.NONE);
            CodingEncoder coding = new CodingEncoder(file, bytes, plans, false, options, progress);
            List<TensorPlan> all = new ArrayList<>(first);
            all.addAll(plans);
            layerCoding.write(layer.coding(), used(all));
            layer.finish(
                    layerCoding.tableSets(),
                    Digest.sha256(decoded.bytes()),
                    planner.relativeError(),
                    planner.maxAbsError());
            return write(file, Layout.LAYOUT_SAFETENSORS, source.sha256(), all, coding, Optional.of(layer), out);
        }
    }

    private static List<TensorPlan> plan(
            SafetensorsFile file, List<MemorySegment> bytes, List<Reference> references, EncodeOptions options)
            throws IOException {
        List<TensorInfo> tensors = file.tensors();
        TensorPlan[] plans = new TensorPlan[tensors.size()];
        Parallel.run(options.threads(), tensors.size(), new Pool<>(TensorPlanner::new),
                (planner, t) -> plans[t] = planner.plan(
                        file, bytes.get(t), tensors.get(t), Digest.sha256(bytes.get(t)), references));
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

    private EncodedRecord write(
            DecodedFile file,
            Layout layout,
            Digest sha256,
            List<TensorPlan> plans,
            CodingEncoder coding,
            Optional<LayerWriter> layer,
            Path out)
            throws IOException {
        List<Reference> used = used(plans);
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
        MemorySegment schema = file instanceof SafetensorsFile safetensors ? safetensors.schema() : MemorySegment.NULL;
        boolean done = false;
        try (ContainerWriter writer = ContainerWriter.create(out, front.build(), schema, layer)) {
            progress.advance(file.length() - file.tensors().stream().mapToLong(TensorInfo::byteLength).sum());
            coding.write(writer.coding(), used);
            ContainerWriter.Written written = writer.finish(coding.tableSets());
            done = true;
            int depth = used.stream().mapToInt(r -> r.depth() + 1).max().orElse(0);
            return new EncodedRecord(
                    written.object(),
                    written.length(),
                    sha256,
                    file.length(),
                    used,
                    depth + (layer.isPresent() ? 1 : 0));
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

    /** The references that plans need, each once. */
    private static List<Reference> used(List<TensorPlan> plans) {
        Set<Reference> used = new LinkedHashSet<>();
        for (TensorPlan plan : plans) {
            Reference reference = plan.reference();
            if (reference != null && plan.predictor() != PredictorKind.LAYER) {
                used.add(reference);
            }
            ModesPlan modes = plan.modes();
            if (modes != null && modes.basis() != null) {
                used.add(modes.basis().reference());
            }
        }
        return List.copyOf(used);
    }
}
