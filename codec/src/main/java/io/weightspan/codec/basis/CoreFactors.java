package io.weightspan.codec.basis;

import java.util.Arrays;

/**
 * The two factors, of a given rank, of a core of coefficients ({@code encodings/product.md}): pivoted Gram-Schmidt,
 *     then
 * orthogonal iteration (G. H. Golub, C. F. Van Loan, "Matrix Computations", 4th edition, sections 5.4.2 and 8.2.4).
 *
 * <p>All arithmetic is binary64, sums in ascending order, so that every machine gets the same bits. Immutable by
 * convention; thread-safe.
 *
 * @param left   Z, k rows of r
 * @param right  X, l rows of r
 * @param leftScale  g: what a column of the left factor is multiplied by
 * @param rightScale h: what a row of the right factor is multiplied by
 */
public record CoreFactors(double[][] left, double[][] right, double[] leftScale, double[] rightScale) {
    private static final int ITERATIONS = 4;
    /** What is left of a column once others are taken out, if it is but rounding errors. */
    private static final double DEPENDENT = 0x1p-40;

    /**
     * Finds the factors.
     *
     * @param coefficients q(a, b), row by row
     * @param rows         k
     * @param columns      l
     * @param rank         r, at least 1
     * @param step         what a coefficient of 1 is worth
     * @return the factors
     */
    public static CoreFactors of(int[] coefficients, int rows, int columns, int rank, float step) {
        double[] core = new double[coefficients.length];
        for (int i = 0; i < core.length; i++) {
            core[i] = coefficients[i];
        }
        // Columns of Z and of X are kept as rows here: sums run along them.
        double[][] z = start(core.clone(), rows, columns, rank);
        double[][] x = new double[rank][columns];
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            timesTransposed(core, rows, columns, z, x);
            orthonormalise(x);
            times(core, rows, columns, x, z);
            orthonormalise(z);
        }
        timesTransposed(core, rows, columns, z, x);
        double[] g = new double[rank];
        double[] h = new double[rank];
        double root = Math.sqrt(step);
        for (int t = 0; t < rank; t++) {
            g[t] = Math.sqrt(Math.sqrt(dot(x[t], x[t]))) * root;
            h[t] = g[t] == 0 ? 0 : step / g[t];
        }
        return new CoreFactors(transpose(z, rows), transpose(x, columns), g, h);
    }

    private static double[][] start(double[] rest, int rows, int columns, int rank) {
        double[][] z = new double[rank][rows];
        double[] squares = new double[columns];
        for (int t = 0; t < rank; t++) {
            squares(rest, rows, columns, squares);
            int pivot = 0;
            for (int b = 1; b < columns; b++) {
                pivot = squares[b] > squares[pivot] ? b : pivot;
            }
            if (squares[pivot] > 0) {
                double norm = Math.sqrt(squares[pivot]);
                for (int a = 0; a < rows; a++) {
                    z[t][a] = rest[a * columns + pivot] / norm;
                }
                takeOut(rest, rows, columns, z[t]);
            }
        }
        return z;
    }

    private static void squares(double[] matrix, int rows, int columns, double[] squares) {
        for (int b = 0; b < columns; b++) {
            squares[b] = 0;
        }
        for (int a = 0; a < rows; a++) {
            for (int b = 0; b < columns; b++) {
                double x = matrix[a * columns + b];
                squares[b] += x * x;
            }
        }
    }

    private static void takeOut(double[] rest, int rows, int columns, double[] direction) {
        double[] parts = new double[columns];
        for (int a = 0; a < rows; a++) {
            for (int c = 0; c < columns; c++) {
                parts[c] += direction[a] * rest[a * columns + c];
            }
        }
        for (int a = 0; a < rows; a++) {
            for (int c = 0; c < columns; c++) {
                rest[a * columns + c] -= parts[c] * direction[a];
            }
        }
    }

    /** X = C^T Z. */
    private static void timesTransposed(double[] core, int rows, int columns, double[][] z, double[][] x) {
        for (int t = 0; t < z.length; t++) {
            double[] to = x[t];
            Arrays.fill(to, 0);
            for (int a = 0; a < rows; a++) {
                double factor = z[t][a];
                for (int b = 0; b < columns; b++) {
                    to[b] += core[a * columns + b] * factor;
                }
            }
        }
    }

    /** Z = C X. */
    private static void times(double[] core, int rows, int columns, double[][] x, double[][] z) {
        for (int t = 0; t < x.length; t++) {
            for (int a = 0; a < rows; a++) {
                double sum = 0;
                for (int b = 0; b < columns; b++) {
                    sum += core[a * columns + b] * x[t][b];
                }
                z[t][a] = sum;
            }
        }
    }

    private static void orthonormalise(double[][] z) {
        for (int t = 0; t < z.length; t++) {
            double own = Math.sqrt(dot(z[t], z[t]));
            for (int pass = 0; pass < 2; pass++) {
                for (int s = 0; s < t; s++) {
                    double e = dot(z[s], z[t]);
                    for (int i = 0; i < z[t].length; i++) {
                        z[t][i] -= e * z[s][i];
                    }
                }
            }
            double e = Math.sqrt(dot(z[t], z[t]));
            boolean isLeft = e > own * DEPENDENT;
            for (int i = 0; i < z[t].length; i++) {
                z[t][i] = isLeft ? z[t][i] / e : 0;
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double[][] transpose(double[][] columns, int rows) {
        double[][] transposed = new double[rows][columns.length];
        for (int t = 0; t < columns.length; t++) {
            for (int i = 0; i < rows; i++) {
                transposed[i][t] = columns[t][i];
            }
        }
        return transposed;
    }
}
