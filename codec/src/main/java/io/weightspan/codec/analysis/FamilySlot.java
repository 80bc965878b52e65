package io.weightspan.codec.analysis;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that every member has in one shape.
 *
 * @param name its name
 * @param shape its dimensions
 * @param rows of it as a matrix; 1 where it is none, that is where either side of it would have one element
 * @param columns of it as a matrix
 * @param tensors where it lies in each member
 * @param base where it lies in the base, or null where the base has none of that shape
 */
record FamilySlot(
        String name, List<Long> shape, int rows, int columns, List<TensorInfo> tensors, @Nullable TensorInfo base) {
    /** Differences of a larger slot would not fit an array. */
    private static final long MOST_ELEMENTS = 1 << 28;

    /** Elements of it. */
    int size() {
        return rows * columns;
    }

    /** Whether it has two sides to turn. */
    boolean isMatrix() {
        return rows > 1;
    }

    /** Bytes of it in all members. */
    long bytes() {
        return tensors.stream().mapToLong(TensorInfo::byteLength).sum();
    }

    /** The slots of a family, in the order of the first member. */
    static List<FamilySlot> of(List<FamilyMember> members, @Nullable DecodedFile base) {
        List<FamilySlot> slots = new ArrayList<>();
        if (members.isEmpty()) {
            return slots;
        }
        List<Map<String, TensorInfo>> byName =
                members.stream().map(member -> byName(member.file())).toList();
        Map<String, TensorInfo> inBase = base == null ? Map.of() : byName(base);
        for (TensorInfo tensor : members.getFirst().file().tensors()) {
            List<TensorInfo> all = new ArrayList<>();
            for (Map<String, TensorInfo> tensors : byName) {
                TensorInfo own = tensors.get(tensor.name());
                if (own != null && own.shape().equals(tensor.shape()) && own.dtype().isReal()) {
                    all.add(own);
                }
            }
            if (all.size() == members.size() && tensor.elementCount() > 0 && tensor.elementCount() <= MOST_ELEMENTS) {
                slots.add(slot(tensor, all, inBase.get(tensor.name())));
            }
        }
        return slots;
    }

    private static FamilySlot slot(TensorInfo tensor, List<TensorInfo> all, @Nullable TensorInfo inBase) {
        boolean fits = inBase != null && inBase.shape().equals(tensor.shape()) && inBase.dtype().isReal();
        int n = (int) tensor.elementCount();
        int rows = tensor.shape().size() < 2 ? 1 : (int) tensor.rows(1);
        boolean isMatrix = rows > 1 && rows < n;
        return new FamilySlot(
                tensor.name(), tensor.shape(), isMatrix ? rows : 1, isMatrix ? n / rows : n, List.copyOf(all),
                fits ? inBase : null);
    }

    private static Map<String, TensorInfo> byName(DecodedFile file) {
        Map<String, TensorInfo> tensors = new HashMap<>();
        if (file.schemaLength() > 0) {
            file.tensors().forEach(tensor -> tensors.put(tensor.name(), tensor));
        }
        return tensors;
    }
}
