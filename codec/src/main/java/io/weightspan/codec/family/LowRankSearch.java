package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.tensor.TensorInfo;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks for products of thin matrices in the tensors of one file, in each once for each base: what is found depends on
 * neither the layer's step nor the directions that are tried. Whoever encodes a file several times hands the same
 * search to each call; it keeps the factors that were found, a few thousandths of the file. Thread-safe.
 */
public final class LowRankSearch {
    private final Map<Key, Optional<LowRankPlanner.Found>> found = new ConcurrentHashMap<>();

    /** Begins with nothing found. */
    public LowRankSearch() {}

    /**
     * Where a product was looked for.
     *
     * @param tensor the name of the tensor
     * @param base the base's file
     */
    private record Key(String tensor, Digest base) {}

    /**
     * Looks for a product.
     *
     * @param tensor which, one that {@link LowRankPlanner#serves} lets pass
     * @param own its elements
     * @param base the file of its base
     * @param from the elements of its base
     * @return the product, or empty where there is none
     */
    Optional<LowRankPlanner.Found> find(TensorInfo tensor, Center own, Digest base, Center from) {
        return found.computeIfAbsent(
                new Key(tensor.name(), base), key -> LowRankPlanner.find(tensor, own, from));
    }
}
