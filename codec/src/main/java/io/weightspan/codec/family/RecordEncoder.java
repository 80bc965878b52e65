package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.LayerWriter;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.container.ResidualKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Layout;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Encodes one file as a record.
 *
 * <p>The file is read three times: to decide how each tensor is coded, to count symbols for the tables, and to
 * write blocks. Without a basis and a bound memory stays bounded whatever the file's size: blocks of a window at a
 * time,
 * and a few words a row and column. A layer and a bound take some words for each element of the tensors at hand.
 * Stateless; each call works alone.
 */
public final class RecordEncoder {
    private static final int OPAQUE_LEVEL = 19;

    /** A first layer that costs less than this part of the record is kept though it saves nothing. */
    private static final double CHEAP_LAYER = 0.01;

    private final Source source;
    private final EncodeOptions options;
    private final Progress progress;

    /** A file and what may predict it. */
    private record Source(
            SafetensorsFile file,
            List<Reference> references,
            Optional<BasisReference> basis,
            LowRankSearch search,
            Digest sha256) {
        List<MemorySegment> bytes() {
            List<MemorySegment> bytes = new ArrayList<>();
            for (int t = 0; t < file.tensors().size(); t++) {
                bytes.add(file.tensor(t));
            }
            return bytes;
        }

        /** Whether a copy of a tensor upon a layer upon the deepest that may predict it is not too deep (R-DEC-005). */
        boolean mayHaveCopies() {
            int deepest = references.stream().mapToInt(Reference::depth).max().orElse(0);
            return deepest + 3 <= Limits.DEPTH;
        }
    }

    private RecordEncoder(Source source, EncodeOptions options, Progress progress) {
        this.source = source;
        this.options = options;
        this.progress = progress;
    }

    /**
     * Encodes a safetensors file.
     *
     * @param path the file
     * @param references what may predict its tensors; a tensor of the same name and size is tried, the smallest
     *      result wins
     * @param options fidelity, speed and effort
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
     * @param basis directions of the file's family, or empty. Where there is one, an exact or bounded record gets a
     *      first layer of coefficients if that makes it smaller, or costs next to nothing
     * @param options fidelity, speed and effort
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
        return encode(path, references, basis, new LowRankSearch(), options, out, progress);
    }

    /**
     * Encodes a safetensors file that is encoded several times.
     *
     * @param path the file
     * @param references as for the others
     * @param basis as for the others
     * @param search what was found in the same file; finds more
     * @param options fidelity, speed and effort
     * @param out where the record goes; must not exist
     * @param progress hears of the file's bytes, each once
     * @return what was written, the same as with a new search
     * @throws io.weightspan.codec.container.ContainerException if the file is not a safetensors file: {@code
     *      MALFORMED_SCHEMA}, {@code DUPLICATE_NAME}, {@code LIMIT_EXCEEDED} or {@code TRUNCATED}; nothing was
     *      written then
     * @throws IOException if a file cannot be read or written; what was written is deleted
     */
    public static EncodedRecord encode(
            Path path,
            List<Reference> references,
            Optional<BasisReference> basis,
            LowRankSearch search,
            EncodeOptions options,
            Path out,
            Progress progress)
            throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            Source source = new Source(file, references, basis, search, Digest.sha256(file.bytes()));
            RecordEncoder encoder = new RecordEncoder(source, options, progress);
            return switch (options.fidelity().kind()) {
                case EXACT -> encoder.encodeExact(out);
                case BOUNDED -> encoder.encodeBounded(out);
                case SPAN -> encoder.encodeSpan(out);
            };
        }
    }

    /**
     * Encodes any file as bytes.
     *
     * @param path the file
     * @param options speed and effort; the fidelity is exact
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
            EncodeOptions thorough = options.withZstdLevel(OPAQUE_LEVEL);
            CodingEncoder coding =
                    new CodingEncoder(file, List.of(source.bytes()), plans, false, thorough, progress);
            return RecordWriter.of(file, Layout.LAYOUT_OPAQUE, sha256, progress).write(coding, plans, out);
        }
    }

    private RecordWriter writer(Progress hearing) {
        return RecordWriter.of(source.file(), Layout.LAYOUT_SAFETENSORS, source.sha256(), hearing);
    }

    /** Encodes with a layer or without, whatever is smaller, or with it where it costs next to nothing. */
    private EncodedRecord encodeExact(Path out) throws IOException {
        List<TensorPlan> plans = plan(source.mayHaveCopies());
        // Without anything to predict from no layer is possible, and no scratch file is needed to find that out.
        if (source.references().isEmpty() && source.basis().isEmpty() && !options.keepLayer()) {
            return writePlain(plans, out, progress);
        }
        Path scratch = out.resolveSibling(out.getFileName() + ".file");
        try (LayeredPlans layer = layer(plans, scratch)) {
            if (!layer.servesAny()) {
                return writePlain(plans, out, progress);
            }
            List<TensorPlan> upon = upon(plans, layer);
            return smaller(
                    out,
                    Optional.of(LayerEstimate.of(plans, upon, layer)),
                    (plain, hearing) -> writePlain(plans, plain, hearing),
                    (layered, hearing) -> writeLayered(layer, upon, source.sha256(), Optional.empty(), layered,
                            hearing));
        }
    }

    /** Writes a record. */
    @FunctionalInterface
    private interface Attempt {
        EncodedRecord write(Path to, Progress hearing) throws IOException;
    }

    /** Writes the smaller record, and where no estimate tells which that is, both. */
    private EncodedRecord smaller(Path out, Optional<LayerEstimate> estimate, Attempt plain, Attempt layered)
            throws IOException {
        // Without directions a layer holds most tensors as they are: it must pay for itself.
        double most = source.basis().isPresent() ? 1 + CHEAP_LAYER : 1 - CHEAP_LAYER;
        if (options.keepLayer() || estimate.isPresent() && estimate.get().isSurelyWithin(most)) {
            return layered.write(out, progress);
        }
        if (estimate.isPresent() && estimate.get().isSurelyAbove(most)) {
            return plain.write(out, progress);
        }
        Path second = out.resolveSibling(out.getFileName() + ".layered");
        boolean done = false;
        try {
            EncodedRecord without = plain.write(out, progress);
            EncodedRecord chosen = without;
            EncodedRecord with = layered.write(second, Progress.NONE);
            if (with.storedLength() <= most * without.storedLength()) {
                Files.move(second, out, StandardCopyOption.REPLACE_EXISTING);
                chosen = with;
            }
            done = true;
            return chosen;
        } finally {
            Files.deleteIfExists(second);
            if (!done) {
                Files.deleteIfExists(out);
            }
        }
    }

    private LayeredPlans layer(List<TensorPlan> plans, Path scratch) throws IOException {
        return new LayerMaker(source.file(), source.references(), source.basis(), options, source.search())
                .make(plans, source.bytes(), scratch);
    }

    /** How the file is coded where the layer may predict it. */
    private List<TensorPlan> upon(List<TensorPlan> plain, LayeredPlans layer) throws IOException {
        Reference reference = Reference.ofLayer(layer.decoded(), LayeredPlans.DEPTH);
        TensorPlan[] upon = new TensorPlan[plain.size()];
        Parallel.run(options.threads(), upon.length, new Pool<>(TensorPlanner::new), (planner, t) -> {
            TensorPlan own = plain.get(t);
            if (own.predictor() == PredictorKind.SELF) {
                upon[t] = own;
            } else if (layer.isApproximation(t)) {
                upon[t] = planner.plan(source.file(), source.file().tensor(t), own, reference,
                        layer.sums(t));
            } else {
                upon[t] = TensorPlan.layer(own.tensor(), own.sha256());
            }
        });
        return List.of(upon);
    }

    private EncodedRecord writePlain(List<TensorPlan> plans, Path out, Progress hearing) throws IOException {
        CodingEncoder coding =
                new CodingEncoder(source.file(), source.bytes(), plans, false, options, hearing);
        return writer(hearing).write(coding, plans, out);
    }

    private EncodedRecord writeLayered(
            LayeredPlans layer,
            List<TensorPlan> upon,
            Digest decoded,
            Optional<Approximation> approximation,
            Path out,
            Progress hearing)
            throws IOException {
        List<MemorySegment> bytes = source.bytes();
        List<TensorPlan> all = new ArrayList<>(layer.first());
        all.addAll(upon);
        try (LayerWriter writer = LayerWriter.create(out.resolveSibling(out.getFileName() + ".layer"))) {
            CodingEncoder first =
                    new CodingEncoder(source.file(), bytes, layer.first(), true, options, Progress.NONE);
            CodingEncoder coding = new CodingEncoder(source.file(), bytes, upon, false, options, hearing);
            first.write(writer.coding(), RecordWriter.used(all));
            writer.finish(
                    first.tableSets(), layer.sha256(), layer.error().relative(), layer.error().most());
            return writer(hearing).layer(writer).decodesTo(decoded, approximation).write(coding, all, out);
        }
    }

    /** The layer alone, as the record's only coding; the file itself where a layer has nothing to say. */
    private EncodedRecord encodeSpan(Path out) throws IOException {
        List<TensorPlan> plans = plan(source.mayHaveCopies());
        try (LayeredPlans layer = layer(plans, out.resolveSibling(out.getFileName() + ".file"))) {
            if (!layer.servesAny()) {
                return writePlain(plans, out, progress);
            }
            List<TensorPlan> decoded = decoded(layer.first(), layer.decoded());
            CodingEncoder coding =
                    new CodingEncoder(source.file(), source.bytes(), decoded, false, options, progress);
            return writer(progress)
                    .decodesTo(layer.sha256(), approximation(layer.sha256(), spanError(layer)))
                    .write(coding, decoded, out);
        }
    }

    /** What the layer leaves out of all float tensors, those too that it keeps or copies from others. */
    private LayerError spanError(LayeredPlans layer) throws IOException {
        BoundedTensors tensors = new BoundedTensors(source.file(), source.references(), Optional.empty(), 0);
        LayerError error = layer.error();
        for (int t = 0; t < layer.first().size(); t++) {
            if (!layer.isApproximation(t)) {
                TensorInfo tensor = source.file().tensors().get(t);
                error = error.plus(tensors.error(t, layer.decoded().tensor(tensor)));
            }
        }
        return error;
    }

    private Optional<Approximation> approximation(Digest decoded, LayerError error) {
        if (decoded.equals(source.sha256())) {
            return Optional.empty();
        }
        return Optional.of(Approximation.newBuilder()
                .setOriginalSha256(source.sha256().byteString())
                .setBound(options.fidelity().bound())
                .setRelativeError(error.relative())
                .setMaxAbsError(error.most())
                .build());
    }

    /** Plans with the digests of what a file holds. */
    private static List<TensorPlan> decoded(List<TensorPlan> plans, LayerFile file) {
        List<TensorPlan> decoded = new ArrayList<>();
        for (TensorPlan plan : plans) {
            decoded.add(plan.of(Digest.sha256(file.tensor(plan.tensor()))));
        }
        return decoded;
    }

    private EncodedRecord encodeBounded(Path out) throws IOException {
        List<TensorPlan> plans = plan(false);
        Path scratch = out.resolveSibling(out.getFileName() + ".bounded");
        try (Bounded plain = bounded(plans, Optional.empty(), Optional.empty(), scratch)) {
            Attempt writePlain = (to, hearing) -> {
                CodingEncoder coding = new CodingEncoder(
                        source.file(), source.bytes(), plain.plans(), false, options, hearing);
                return writer(hearing)
                        .decodesTo(plain.sha256(), approximation(plain.sha256(), plain.error()))
                        .write(coding, plain.plans(), to);
            };
            try (LayeredPlans layer = layer(plans, out.resolveSibling(out.getFileName() + ".file"))) {
                if (!layer.servesAny()) {
                    return writePlain.write(out, progress);
                }
                Path second = scratch.resolveSibling(scratch.getFileName() + "2");
                try (Bounded upon = bounded(plans, Optional.of(layer), Optional.of(plain), second)) {
                    return smaller(out, Optional.empty(), writePlain, (to, hearing) -> writeLayered(
                            layer,
                            upon.plans(),
                            upon.sha256(),
                            approximation(upon.sha256(), upon.error()),
                            to,
                            hearing));
                }
            }
        }
    }

    /** Plans within bounds and what they decode to, which is closed with this. */
    private record Bounded(
            List<TensorPlan> plans, LayerFile decoded, List<LayerError> errors, LayerError error, Digest sha256)
            implements
                Closeable {
        LayerPlanner.Planned planned(int t) {
            return new LayerPlanner.Planned(plans.get(t), errors.get(t));
        }

        @Override
        public void close() throws IOException {
            decoded.close();
        }
    }

    private Bounded bounded(
            List<TensorPlan> exact, Optional<LayeredPlans> layer, Optional<Bounded> without, Path scratch)
            throws IOException {
        LayerFile decoded = new LayerFile(source.file(), scratch);
        TensorPlan[] plans = new TensorPlan[exact.size()];
        LayerError[] errors = new LayerError[exact.size()];
        BoundedTensors tensors =
                new BoundedTensors(source.file(), source.references(), layer, options.fidelity().bound());
        boolean done = false;
        try {
            Parallel.run(options.threads(), plans.length, new Pool<>(BoundedPlanner::new), (planner, t) -> {
                TensorPlan own = exact.get(t);
                MemorySegment elements = decoded.tensor(own.tensor());
                LayerPlanner.Planned planned = without.isEmpty()
                        ? tensors.plan(planner, own, t, elements)
                        : tensors.planUpon(planner, own, without.get().planned(t),
                                without.get().decoded().tensor(own.tensor()), t, elements);
                plans[t] = planned.plan();
                errors[t] = planned.error();
            });
            LayerError error = LayerError.NONE;
            for (LayerError one : errors) {
                error = error.plus(Objects.requireNonNull(one));
            }
            done = true;
            return new Bounded(
                    decoded(List.of(plans), decoded),
                    decoded,
                    List.of(errors),
                    error,
                    Digest.sha256(decoded.bytes()));
        } finally {
            if (!done) {
                decoded.close();
            }
        }
    }

    /** How each tensor is coded without a layer and without loss. */
    private List<TensorPlan> plan(boolean findCopies) throws IOException {
        List<TensorInfo> tensors = source.file().tensors();
        List<MemorySegment> bytes = source.bytes();
        TensorPlan[] plans = new TensorPlan[tensors.size()];
        Parallel.run(options.threads(), tensors.size(), new Pool<>(TensorPlanner::new),
                (planner, t) -> plans[t] = planner.plan(
                        source.file(), bytes.get(t), tensors.get(t), Digest.sha256(bytes.get(t)),
                        source.references()));
        Map<Digest, Integer> seen = new HashMap<>();
        for (int t = 0; findCopies && t < plans.length; t++) {
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
}
