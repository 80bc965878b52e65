package io.weightspan.codec.family;

import io.weightspan.codec.container.ContainerWriter;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.LayerWriter;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Layout;
import io.weightspan.format.v1.Writer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Writes a planned file as a container. For one thread. */
final class RecordWriter {
    private static final String WRITER = "weightspan-java";

    private final DecodedFile file;
    private final Layout layout;
    private final Digest original;
    private final Progress progress;
    private Optional<LayerWriter> layer = Optional.empty();
    private Digest decoded;
    private Optional<Approximation> approximation = Optional.empty();

    private RecordWriter(DecodedFile file, Layout layout, Digest original, Progress progress) {
        this.file = file;
        this.layout = layout;
        this.original = original;
        this.progress = progress;
        decoded = original;
    }

    /** Prepares to write a file of a digest. */
    static RecordWriter of(DecodedFile file, Layout layout, Digest original, Progress progress) {
        return new RecordWriter(file, layout, original, progress);
    }

    /** Adds a first layer, already coded. */
    RecordWriter layer(LayerWriter coded) {
        layer = Optional.of(coded);
        return this;
    }

    /** Says that the record decodes to another file. */
    RecordWriter decodesTo(Digest sha256, Optional<Approximation> how) {
        decoded = sha256;
        approximation = how;
        return this;
    }

    /**
     * Writes the record.
     *
     * @param coding the coding of the file's tensors
     * @param plans of all codings, the layer's too
     * @param out where to; must not exist, and does not afterwards if this fails
     */
    EncodedRecord write(CodingEncoder coding, List<TensorPlan> plans, Path out) throws IOException {
        List<Reference> used = used(plans);
        Front.Builder front = Front.newBuilder()
                .setLayout(layout)
                .setFileLength(file.length())
                .setFileSha256(decoded.byteString())
                .setWriter(Writer.newBuilder().setName(WRITER).setVersion(version()));
        approximation.ifPresent(front::setApproximation);
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
            boolean isLayer = plans.stream().anyMatch(plan -> plan.numbers() != null);
            return new EncodedRecord(
                    written.object(),
                    written.length(),
                    original,
                    decoded,
                    file.length(),
                    layer.isPresent() || isLayer,
                    used,
                    depth + (layer.isPresent() ? 1 : 0));
        } finally {
            if (!done) {
                Files.deleteIfExists(out);
            }
        }
    }

    private static String version() {
        String version = RecordWriter.class.getPackage().getImplementationVersion();
        return version == null ? "dev" : version;
    }

    /** The references that plans need, each once. */
    static List<Reference> used(List<TensorPlan> plans) {
        Set<Reference> used = new LinkedHashSet<>();
        for (TensorPlan plan : plans) {
            Reference reference = plan.reference();
            if (reference != null && plan.predictor() != PredictorKind.LAYER) {
                used.add(reference);
            }
            NumbersPlan numbers = plan.numbers();
            if (numbers != null) {
                used.addAll(numbers.needs());
            }
        }
        return List.copyOf(used);
    }
}
