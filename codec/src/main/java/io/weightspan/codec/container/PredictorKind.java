package io.weightspan.codec.container;

import java.util.Optional;

/** The predictors of the format's registry. */
public enum PredictorKind {
    /** Nothing predicts the tensor. */
    NONE(0),
    /** A tensor of the model that this one started from. */
    BASE(1),
    /** A tensor of another member of the family. */
    SIBLING(2),
    /** An earlier tensor of the same record. */
    SELF(3),
    /** Directions that a family shares, and a center. */
    MODES(4),
    /** The same tensor as the first layer decodes it. */
    LAYER(5),
    /** A product of two thin matrices, and a center. */
    LOWRANK(6),
    /** A factor of the product of two tensors, in directions that a family shares. */
    PRODUCT(7),
    /** A factor of the product of two tensors, which have coefficients of their own. */
    BALANCED(8);

    private final int id;

    PredictorKind(int id) {
        this.id = id;
    }

    /**
     * The predictor of a registry id.
     *
     * @param id the id as in {@code TensorEntry.predictor}, an unsigned number
     * @return the predictor, or empty where the registry lists no such id
     */
    public static Optional<PredictorKind> of(int id) {
        return id >= 0 && id < values().length ? Optional.of(values()[id]) : Optional.empty();
    }

    /**
     * The registry id.
     *
     * @return 0 to 8
     */
    public int id() {
        return id;
    }

    /**
     * Whether the prediction is made of integers that the tensor's blocks hold, and not of another tensor alone.
     *
     * @return true for {@link #MODES}, {@link #LOWRANK}, {@link #PRODUCT} and {@link #BALANCED}
     */
    public boolean isOfNumbers() {
        return this == LOWRANK || hasDirections();
    }

    /**
     * Whether directions may turn the integers.
     *
     * @return true for {@link #MODES}, {@link #PRODUCT} and {@link #BALANCED}
     */
    public boolean hasDirections() {
        return this == MODES || isOfPair();
    }

    /**
     * Whether the tensor is a factor of a pair, whose product counts.
     *
     * @return true for {@link #PRODUCT} and {@link #BALANCED}
     */
    public boolean isOfPair() {
        return this == PRODUCT || this == BALANCED;
    }

    /**
     * Whether the prediction is one tensor of another object.
     *
     * @return true for {@link #BASE} and {@link #SIBLING}
     */
    public boolean needsDependency() {
        return this == BASE || this == SIBLING;
    }
}
