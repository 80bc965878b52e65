package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.MemberTensor;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.safetensors.SchemaWriter;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Writes a family's directions for training in the space that they span. For one thread. */
public final class BasisExporter {

    /** The file of directions. */
    public static final String TENSORS = "basis.safetensors";

    /** What describes them. */
    public static final String DESCRIPTION = "basis.json";

    /** The key of a file's metadata that names the basis's objects, joined by commas. */
    public static final String METADATA_KEY = "weightspan.basis";

    /** What a slot's tensor of coefficients is called: its name and this. */
    public static final String COEFFICIENTS = ".coefficients";

    /** Elements of a mean that are read at once. */
    private static final int RUN = 1 << 14;

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private static final List<String> ARITHMETIC = List.of(
            "All in IEEE binary32; each product and each sum is rounded to nearest even by itself, never fused; terms"
                    + " are added in ascending order to a sum that begins with +0.",
            "t(a, j) = sum over b of C(a, b) * right(b, j); without right: t(a, j) = C(a, j)",
            "difference(i, j) = sum over a of left(a, i) * t(a, j); without left: difference(i, j) = t(i, j)",
            "y(i, j) = base(i, j) + difference(i, j), rounded to the tensor's dtype; without a base: the difference",
            "C may have fewer rows or columns than there are directions: those of the first ones.");

    private BasisExporter() {}

    /**
     * The document that describes an export.
     *
     * @param formatVersion 1
     * @param family the family
     * @param formula the whole in one line
     * @param arithmetic the order of all operations
     * @param basis the stored objects, the oldest first
     * @param metadata what a file of coefficients may carry, so that it is compared with the basis
     * @param base what the family started from, or null
     * @param slots the matrices, in data order
     * @param leftOut directions that are not exported, with the reason
     */
    public record Description(
            int formatVersion,
            String family,
            String formula,
            List<String> arithmetic,
            List<String> basis,
            Map<String, String> metadata,
            @Nullable BaseFile base,
            List<SlotShape> slots,
            List<String> leftOut) {}

    /**
     * What a family started from.
     *
     * @param repo a repository that has it, or null
     * @param revision its commit, or null
     * @param object the stored object
     * @param sha256 of the file
     */
    public record BaseFile(@Nullable String repo, @Nullable String revision, String object, String sha256) {}

    /**
     * A matrix.
     *
     * @param tensor its name
     * @param dtype its dtype
     * @param shape its shape
     * @param rows m: the first dimension
     * @param columns n: the product of the others
     * @param k rows of coefficients
     * @param l columns of coefficients
     * @param left the tensor [k, m] of left directions, or null for the identity
     * @param right the tensor [l, n] of right directions, or null for the identity
     * @param mean the tensor that takes the base's place, or null
     * @param coefficients what to call the tensor [k, l]
     */
    public record SlotShape(
            String tensor,
            String dtype,
            List<Long> shape,
            int rows,
            int columns,
            int k,
            int l,
            @Nullable String left,
            @Nullable String right,
            @Nullable String mean,
            String coefficients) {}

    /**
     * Writes the directions and their description.
     *
     * @param family the family's name
     * @param basis its basis
     * @param folder where to; made if need be
     * @param progress hears of the bytes written
     * @return what was written as the description
     * @throws FileAlreadyExistsException if a file is there already; nothing is written then
     * @throws IOException if the basis can't be read or the folder can't be written
     */
    public static Description export(String family, FamilyBasis basis, Path folder, Progress progress)
            throws IOException {
        Files.createDirectories(folder);
        Path tensors = folder.resolve(TENSORS);
        Path description = folder.resolve(DESCRIPTION);
        for (Path file : List.of(tensors, description)) {
            if (Files.exists(file)) {
                throw new FileAlreadyExistsException(file.toString());
            }
        }
        Description document = describe(requireNonNull(family, "family is null"), basis);
        try (OutputStream out =
                new BufferedOutputStream(Files.newOutputStream(tensors, StandardOpenOption.CREATE_NEW))) {
            byte[] schema = SchemaWriter.schema(infos(basis), document.metadata());
            out.write(schema);
            for (FamilyBasis.Slot slot : basis.slots()) {
                write(basis.left(slot), out, progress);
                write(basis.right(slot), out, progress);
                Optional<MemberTensor> mean = basis.mean(slot);
                if (mean.isPresent()) {
                    write(mean.get(), out, progress);
                }
            }
        }
        Files.writeString(description, MAPPER.writeValueAsString(document) + "\n", StandardOpenOption.CREATE_NEW);
        return document;
    }

    /** Returns the bytes of the directions of a basis as binary32. */
    public static long bytes(FamilyBasis basis) {
        List<TensorInfo> infos = infos(basis);
        return infos.isEmpty() ? 0 : infos.getLast().end();
    }

    /** Returns what a file of coefficients may name its basis by. */
    static String name(FamilyBasis basis) {
        return basis.objects().stream().map(one -> one.hex()).collect(Collectors.joining(","));
    }

    private static Description describe(String family, FamilyBasis basis) {
        List<SlotShape> shapes = new ArrayList<>();
        for (FamilyBasis.Slot slot : basis.slots()) {
            String name = slot.tensor().name();
            shapes.add(new SlotShape(
                    name,
                    slot.tensor().dtype().name(),
                    slot.tensor().shape(),
                    slot.rows(),
                    slot.columns(),
                    slot.k(),
                    slot.l(),
                    slot.left().isPresent() ? name + BasisFile.LEFT : null,
                    slot.right().isPresent() ? name + BasisFile.RIGHT : null,
                    basis.mean(slot).isPresent() ? name + BasisFile.MEAN : null,
                    name + COEFFICIENTS));
        }
        BaseFile base = basis.base()
                .map(from -> new BaseFile(
                        from.commit().map(commit -> commit.repo().toString()).orElse(null),
                        from.commit().map(Commit::id).orElse(null),
                        from.object().hex(),
                        from.file().hex()))
                .orElse(null);
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(METADATA_KEY, name(basis));
        return new Description(
                1,
                family,
                "difference = left^T . C . right, C of the shape [k, l]; y = base + difference, or mean + difference",
                ARITHMETIC,
                basis.objects().stream().map(one -> one.hex()).toList(),
                metadata,
                base,
                shapes,
                basis.leftOut());
    }

    private static List<TensorInfo> infos(FamilyBasis basis) {
        List<TensorInfo> infos = new ArrayList<>();
        long at = 0;
        for (FamilyBasis.Slot slot : basis.slots()) {
            at = add(infos, slot.tensor().name() + BasisFile.LEFT, slot.left(), slot.rows(), at);
            at = add(infos, slot.tensor().name() + BasisFile.RIGHT, slot.right(), slot.columns(), at);
            Optional<Integer> rows = basis.mean(slot).map(mean -> slot.rows());
            at = add(infos, slot.tensor().name() + BasisFile.MEAN, rows, slot.columns(), at);
        }
        return infos;
    }

    private static long add(List<TensorInfo> infos, String name, Optional<Integer> count, long length, long at) {
        if (count.isEmpty()) {
            return at;
        }
        long end = at + count.get() * length * Float.BYTES;
        infos.add(new TensorInfo(name, DType.F32, List.of((long) count.get(), length), at, end));
        return end;
    }

    private static void write(MemberTensor mean, OutputStream out, Progress progress) throws IOException {
        float[] run = new float[RUN];
        long count = mean.tensor().elementCount();
        for (long first = 0; first < count; first += run.length) {
            int n = (int) Math.min(run.length, count - first);
            CentredElements.read(mean.file(), mean.tensor(), first, n, run);
            ByteBuffer bytes = ByteBuffer.allocate(n * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(run, 0, n);
            out.write(bytes.array());
            progress.advance(bytes.capacity());
        }
    }

    private static void write(@Nullable Directions directions, OutputStream out, Progress progress)
            throws IOException {
        for (int k = 0; directions != null && k < directions.count(); k++) {
            ByteBuffer row = ByteBuffer.allocate(directions.length() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            row.asFloatBuffer().put(directions.values(), k * directions.length(), directions.length());
            out.write(row.array());
            progress.advance(row.capacity());
        }
    }
}
