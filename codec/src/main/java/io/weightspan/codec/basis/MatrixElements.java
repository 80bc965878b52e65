package io.weightspan.codec.basis;

/** The elements of a matrix, made of fewer numbers than it has. Thread-safe. */
public interface MatrixElements {
    /**
     * Bytes that this keeps in memory, about.
     *
     * @return at least 0
     */
    long memory();

    /**
     * Gives elements in row-major order.
     *
     * @param first index of the first element in the matrix
     * @param n     how many
     * @param out   receives them
     */
    void read(long first, int n, float[] out);
}
