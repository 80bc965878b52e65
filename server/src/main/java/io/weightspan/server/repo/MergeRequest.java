package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.Optional;

/**
 * What to merge.
 *
 * @param to the repository that the result becomes
 * @param sources the models, at least one; the first gives what can't be summed
 * @param base what they started from, or empty for what their records name
 * @param rules what is done where models don't fit together
 * @param author who merges, for the commit
 * @param jobs how many threads work, at least 1
 */
public record MergeRequest(
        RepoId to, List<Source> sources, Optional<Commit> base, Rules rules, String author, int jobs) {

    /**
     * A model and its weight.
     *
     * @param commit the model
     * @param weight its weight, finite
     */
    public record Source(Commit commit, double weight) {

        /**
         * Checks the arguments.
         *
         * @throws IllegalArgumentException if the weight is not finite
         */
        public Source {
            requireNonNull(commit, "commit is null");
            if (!Double.isFinite(weight)) {
                throw new IllegalArgumentException("weight " + weight);
            }
        }
    }

    /**
     * What is done where models don't fit together.
     *
     * @param normalize whether weights are divided by their sum
     * @param factors whether the factors of adapters are summed, though the sum of products is another thing
     * @param keepFirst whether the first model's tensor is taken where shapes differ
     * @param layers whether the members' first layers are summed instead of the whole weights, and a first layer is all
     *     that is stored of the sum
     * @param force whether a repository that is there and differs gets a new commit
     */
    public record Rules(boolean normalize, boolean factors, boolean keepFirst, boolean layers, boolean force) {

        /** The strictest. */
        public static final Rules STRICT = new Rules(false, false, false, false, false);
    }

    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if there is no source, or no thread
     */
    public MergeRequest {
        requireNonNull(to, "to is null");
        requireNonNull(base, "base is null");
        requireNonNull(rules, "rules is null");
        requireNonNull(author, "author is null");
        sources = List.copyOf(sources);
        if (sources.isEmpty() || jobs < 1) {
            throw new IllegalArgumentException(sources.size() + " sources, " + jobs + " jobs");
        }
    }
}
