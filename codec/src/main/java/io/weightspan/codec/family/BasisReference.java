package io.weightspan.codec.family;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A stored basis whose directions may predict tensors of a file to be encoded. Thread-safe. */
public final class BasisReference {
    private final Reference reference;
    private final Map<String, Integer> tensors = new HashMap<>();

    private BasisReference(Reference reference) {
        this.reference = reference;
        List<TensorInfo> all = reference.file().tensors();
        for (int i = 0; i < all.size(); i++) {
            tensors.put(all.get(i).name(), i);
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
        return new BasisReference(new Reference(objectSha256, fileSha256, Role.ROLE_BASIS, file, 0));
    }

    Reference reference() {
        return reference;
    }

    /**
     * Directions of one side of a slot.
     *
     * @param tensor index of their tensor in the basis
     * @param directions the directions
     */
    record Side(int tensor, Directions directions) {}

    Optional<Side> left(String slot, long length) throws IOException {
        return side(slot + BasisFile.LEFT, length);
    }

    Optional<Side> right(String slot, long length) throws IOException {
        return side(slot + BasisFile.RIGHT, length);
    }

    private Optional<Side> side(String name, long length) throws IOException {
        @Nullable
        Integer index = tensors.get(name);
        if (index == null) {
            return Optional.empty();
        }
        List<Long> shape = reference.file().tensors().get(index).shape();
        int count = shape.isEmpty() ? 0 : Math.toIntExact(shape.getFirst());
        return Directions.read(reference.file(), index, count, length).map(found -> new Side(index, found));
    }
}
