package io.weightspan.codec.family;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisSegments;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A stored basis whose directions may predict tensors of a file to be encoded: one file, or several, each with what was
 * added to those before it. Directions are read once. Thread-safe.
 */
public final class BasisReference {
    private final List<Reference> segments;
    private final List<Map<String, Integer>> tensors = new ArrayList<>();
    private final Map<Wanted, Optional<Side>> sides = new ConcurrentHashMap<>();

    /** What a side was read for: a file may have a tensor of the name in another shape. */
    private record Wanted(String name, long length) {}

    private BasisReference(List<Reference> segments) {
        this.segments = segments;
        for (Reference segment : segments) {
            Map<String, Integer> byName = new HashMap<>();
            List<TensorInfo> all = segment.file().tensors();
            for (int i = 0; i < all.size(); i++) {
                byName.put(all.get(i).name(), i);
            }
            tensors.add(byName);
        }
    }

    /**
     * A basis.
     *
     * @param objectSha256 digest of the stored object
     * @param fileSha256 digest of the file it decodes to
     * @param file the file, as {@link BasisFile} writes it
     * @return the reference
     */
    public static BasisReference of(Digest objectSha256, Digest fileSha256, DecodedFile file) {
        return of(List.of(new Reference(objectSha256, fileSha256, Role.ROLE_BASIS, file, 0)));
    }

    /**
     * A basis of several segments.
     *
     * @param segments files as {@link BasisFile} writes them, of the role basis, the oldest first; at least one
     * @return the reference
     * @throws IllegalArgumentException if one has another role
     */
    public static BasisReference of(List<Reference> segments) {
        for (Reference segment : segments) {
            if (segment.role() != Role.ROLE_BASIS) {
                throw new IllegalArgumentException("a segment of the role " + segment.role());
            }
        }
        return new BasisReference(List.copyOf(segments));
    }

    /** The files of directions, the oldest first. */
    List<Reference> segments() {
        return segments;
    }

    /**
     * Directions of one segment.
     *
     * @param reference the segment
     * @param tensor index of their tensor in it
     * @param count how many
     */
    record Part(Reference reference, int tensor, int count) {}

    /**
     * Directions of one side of a slot.
     *
     * @param parts where they are, in order
     * @param directions all of them
     */
    record Side(List<Part> parts, Directions directions) {
        /** The first of them. */
        Side first(int count) {
            List<Part> some = new ArrayList<>();
            int left = count;
            for (Part part : parts) {
                if (left > 0) {
                    some.add(new Part(part.reference(), part.tensor(), Math.min(left, part.count())));
                    left -= part.count();
                }
            }
            return new Side(some, directions.first(count));
        }
    }

    Optional<Side> left(String slot, long length) throws IOException {
        return side(slot + BasisFile.LEFT, length);
    }

    Optional<Side> right(String slot, long length) throws IOException {
        return side(slot + BasisFile.RIGHT, length);
    }

    /** What the differences of a tensor without a base are taken from, of a dtype that converts to the tensor's. */
    Optional<BaseTensor> mean(TensorInfo tensor) {
        for (int s = 0; s < segments.size(); s++) {
            @Nullable
            Integer index = tensors.get(s).get(tensor.name() + BasisFile.MEAN);
            if (index != null) {
                TensorInfo found = segments.get(s).file().tensors().get(index);
                boolean converts = (found.dtype() == DType.F16) == (tensor.dtype() == DType.F16);
                if (converts && BasisSegments.isMean(found, tensor.elementCount())) {
                    return Optional.of(new BaseTensor(segments.get(s), index));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Side> side(String name, long length) throws IOException {
        Wanted wanted = new Wanted(name, length);
        Optional<Side> known = sides.get(wanted);
        if (known == null) {
            known = read(name, length);
            sides.put(wanted, known);
        }
        return known;
    }

    private Optional<Side> read(String name, long length) throws IOException {
        List<Part> parts = new ArrayList<>();
        List<Directions> found = new ArrayList<>();
        for (int s = 0; s < segments.size(); s++) {
            @Nullable
            Integer index = tensors.get(s).get(name);
            if (index != null) {
                DecodedFile file = segments.get(s).file();
                List<Long> shape = file.tensors().get(index).shape();
                int count = shape.isEmpty() ? 0 : Math.toIntExact(shape.getFirst());
                Optional<Directions> read = Directions.read(file, index, count, length);
                if (read.isPresent()) {
                    parts.add(new Part(segments.get(s), index, count));
                    found.add(read.get());
                }
            }
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(new Side(parts, Directions.concatenate(found)));
    }
}
