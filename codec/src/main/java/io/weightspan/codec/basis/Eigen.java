package io.weightspan.codec.basis;

import java.util.Arrays;
import java.util.Optional;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * Eigenvalues and eigenvectors of a positive semidefinite matrix, largest first. Immutable by convention; thread-safe.
 *
 * @param values the eigenvalues, none below 0
 * @param vectors one for each value, of unit length; none where only values were asked for
 */
public record Eigen(double[] values, double[][] vectors) {
    /**
     * Finds values and vectors.
     *
     * @param upper the matrix row by row, of which the upper triangle is read
     * @param n its rows, at least 0
     * @return the pairs, or empty where the decomposition does not succeed, as for numbers that are not finite
     */
    public static Optional<Eigen> of(double[] upper, int n) {
        return of(upper, n, true);
    }

    /**
     * Finds values alone, which takes less time.
     *
     * @param upper the matrix row by row, of which the upper triangle is read
     * @param n its rows, at least 0
     * @return the values without vectors, or empty likewise
     */
    public static Optional<Eigen> valuesOf(double[] upper, int n) {
        return of(upper, n, false);
    }

    private static Optional<Eigen> of(double[] upper, int n, boolean withVectors) {
        if (n == 0) {
            return Optional.of(new Eigen(new double[0], new double[0][]));
        }
        DMatrixRMaj matrix = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                matrix.set(i, j, upper[i * n + j]);
                matrix.set(j, i, upper[i * n + j]);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, withVectors, true);
        if (!eigen.decompose(matrix)) {
            return Optional.empty();
        }
        Integer[] order = new Integer[n];
        double[] unordered = new double[n];
        for (int k = 0; k < n; k++) {
            order[k] = k;
            unordered[k] = Math.max(0, eigen.getEigenvalue(k).getReal());
        }
        Arrays.sort(order, (a, b) -> Double.compare(unordered[b], unordered[a]));
        double[] values = new double[n];
        double[][] vectors = new double[withVectors ? n : 0][];
        for (int k = 0; k < n; k++) {
            values[k] = unordered[order[k]];
            if (withVectors) {
                vectors[k] = eigen.getEigenVector(order[k]).data.clone();
            }
        }
        return Optional.of(new Eigen(values, vectors));
    }

    /**
     * What all values are where nothing is known of a matrix.
     *
     * @param n its rows
     * @return values and vectors of 0
     */
    public static Eigen zero(int n) {
        return new Eigen(new double[n], new double[n][n]);
    }

    /**
     * The values as parts of their sum.
     *
     * @return all 0 where the sum is
     */
    public double[] shares() {
        double sum = Arrays.stream(values).sum();
        return Arrays.stream(values).map(value -> sum > 0 ? value / sum : 0).toArray();
    }
}
