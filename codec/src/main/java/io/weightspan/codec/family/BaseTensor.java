package io.weightspan.codec.family;

import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.util.List;
import java.util.Optional;

/**
 * The tensor that another started from.
 *
 * @param reference the base that holds it
 * @param tensor its index there
 */
record BaseTensor(Reference reference, int tensor) {
    /** Finds it in the first base that has one of the name that may predict. */
    static Optional<BaseTensor> of(TensorInfo tensor, List<Reference> references) {
        for (Reference reference : references) {
            int index = reference.role() == Role.ROLE_BASE ? TensorPlanner.find(reference.file(), tensor, true) : -1;
            if (index >= 0) {
                return Optional.of(new BaseTensor(reference, index));
            }
        }
        return Optional.empty();
    }

    ElementSource source() {
        return new ElementSource(reference.file(), reference.file().tensors().get(tensor));
    }
}
