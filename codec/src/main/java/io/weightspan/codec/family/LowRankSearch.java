package io.weightspan.codec.family;

import io.weightspan.codec.basis.CentredElements.Center;
import io.weightspan.codec.tensor.TensorInfo;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Looks for products of thin matrices in the tensors of one file, in each once: what is found depends on neither the
 * layer's step nor what else is tried. Thread-safe.
 */
final class LowRankSearch {
    private final Map<String, Optional<LowRankPlanner.Found>> found = new ConcurrentHashMap<>();

    /**
     * Looks for a product.
     *
     * @param tensor which, one that {@link LowRankPlanner#serves} lets pass
     * @param own its elements
     * @param from those of its base, the same at every call
     * @return the product, or empty where there is none
     */
    Optional<LowRankPlanner.Found> find(TensorInfo tensor, Center own, Center from) {
        return found.computeIfAbsent(tensor.name(), name -> LowRankPlanner.find(tensor, own, from));
    }
}
