package io.weightspan.codec.analysis;

import java.util.Arrays;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;

/**
 * Eigenvalues and eigenvectors of a positive semidefinite matrix, largest first.
 *
 * @param values the eigenvalues, none below 0
 * @param vectors one for each value, of unit length
 */
record Eigen(double[] values, double[][] vectors) {
    /** Of an n x n matrix, row by row, of which the upper triangle is read. */
    static Eigen of(double[] upper, int n) {
        DMatrixRMaj matrix = new DMatrixRMaj(n, n);
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                matrix.set(i, j, upper[i * n + j]);
                matrix.set(j, i, upper[i * n + j]);
            }
        }
        EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(n, true, true);
        double[] values = new double[n];
        double[][] vectors = new double[n][n];
        if (n > 0 && eigen.decompose(matrix)) {
            Integer[] order = new Integer[n];
            for (int k = 0; k < n; k++) {
                order[k] = k;
                values[k] = Math.max(0, eigen.getEigenvalue(k).getReal());
            }
            double[] unordered = values.clone();
            Arrays.sort(order, (a, b) -> Double.compare(unordered[b], unordered[a]));
            for (int k = 0; k < n; k++) {
                values[k] = unordered[order[k]];
                vectors[k] = eigen.getEigenVector(order[k]).data.clone();
            }
        }
        return new Eigen(values, vectors);
    }

    /** The values as parts of their sum; all 0 where the sum is. */
    double[] shares() {
        double sum = Arrays.stream(values).sum();
        return Arrays.stream(values).map(value -> sum > 0 ? value / sum : 0).toArray();
    }
}
