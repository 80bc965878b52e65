package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.Eigen;
import java.io.IOException;
import java.util.Arrays;

/**
 * The members of a slot as points: their inner products, and how well directions fitted on some explain others (the
 * whole tensor flattened, principal components over the models). Everything follows from the inner products, so no
 * direction is ever formed.
 */
final class ModelAxis {
    /** Elements of every member that are looked at together. */
    private static final int PANEL = 1 << 15;

    /** A direction of less than this part of the largest is rounding. */
    private static final double SMALLEST = 1e-10;

    private final int members;
    private final double[] products;
    private final HeldOut split;
    private final Eigen fitted;

    private ModelAxis(int members, double[] products, HeldOut split) {
        this.members = members;
        this.products = products;
        this.split = split;
        int n = split.fitted().length;
        double[] own = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                own[i * n + j] = product(split.fitted()[i], split.fitted()[j]);
            }
        }
        fitted = Eigen.of(own, n).orElseGet(() -> Eigen.zero(n));
    }

    /** Multiplies every member with every other. */
    static ModelAxis of(Differences differences, HeldOut split) throws IOException {
        int n = differences.members();
        double[] products = new double[n * n];
        float[][] panel = new float[n][PANEL];
        for (int first = 0; first < differences.size(); first += PANEL) {
            int length = Math.min(PANEL, differences.size() - first);
            for (int i = 0; i < n; i++) {
                differences.read(i, first, length, panel[i]);
                for (int j = 0; j <= i; j++) {
                    products[j * n + i] += dot(panel[i], panel[j], length);
                }
            }
        }
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < i; j++) {
                products[i * n + j] = products[j * n + i];
            }
        }
        return new ModelAxis(n, products, split);
    }

    /** Takes the inner products of all members, row by row. */
    static ModelAxis of(double[] products, int members, HeldOut split) {
        return new ModelAxis(members, products, split);
    }

    /** The same points, seen from the mean of the fitted ones. */
    ModelAxis centred() {
        int[] of = split.fitted();
        double[] means = new double[members];
        double all = 0;
        for (int i = 0; i < members; i++) {
            for (int j : of) {
                means[i] += product(i, j) / of.length;
            }
        }
        for (int i : of) {
            all += means[i] / of.length;
        }
        double[] moved = new double[products.length];
        for (int i = 0; i < members; i++) {
            for (int j = 0; j < members; j++) {
                moved[i * members + j] = product(i, j) - means[i] - means[j] + all;
            }
        }
        return new ModelAxis(members, moved, split);
    }

    private static double dot(float[] a, float[] b, int n) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            s0 += (double) a[i] * b[i];
            s1 += (double) a[i + 1] * b[i + 1];
            s2 += (double) a[i + 2] * b[i + 2];
            s3 += (double) a[i + 3] * b[i + 3];
        }
        for (; i < n; i++) {
            s0 += (double) a[i] * b[i];
        }
        return s0 + s1 + (s2 + s3);
    }

    /** The inner products of all members, row by row. */
    double[] products() {
        return products;
    }

    private double product(int i, int j) {
        return products[i * members + j];
    }

    /** The square of a member's norm. */
    double square(int member) {
        return Math.max(0, product(member, member));
    }

    /** What each direction of all members holds of their energy, largest first. */
    double[] spectrum() {
        return Eigen.of(products, members).orElseGet(() -> Eigen.zero(members)).shares();
    }

    /** The numbers of directions that errors are told for: 0 and ever wider steps, up to all of them. */
    static int[] counts(int fitted) {
        int[] counts = new int[fitted + 1];
        int n = 0;
        for (int k = 0; k < fitted; k += k < 4 ? 1 : Integer.highestOneBit(k) / 2) {
            counts[n++] = k;
        }
        counts[n++] = fitted;
        return Arrays.copyOf(counts, n);
    }

    /** What {@code k} directions leave of the fitted members' energy. */
    double leftOfFitted(int k) {
        double left = energyOfFitted();
        for (int i = 0; i < k; i++) {
            left -= fitted.values()[i];
        }
        return Math.max(0, left);
    }

    double energyOfFitted() {
        return Arrays.stream(split.fitted()).mapToDouble(this::square).sum();
    }

    /** What {@code k} directions leave of the held-out members' energy. */
    double leftOfHeld(int k) {
        double left = 0;
        for (int member : split.held()) {
            double square = square(member);
            for (int i = 0; i < k && isReal(i); i++) {
                double along = along(i, member);
                square -= along * along / fitted.values()[i];
            }
            left += Math.max(0, square);
        }
        return left;
    }

    double energyOfHeld() {
        return Arrays.stream(split.held()).mapToDouble(this::square).sum();
    }

    private boolean isReal(int direction) {
        return fitted.values()[direction] > SMALLEST * fitted.values()[0];
    }

    /** The inner product with a direction, times the root of its eigenvalue. */
    private double along(int direction, int member) {
        double sum = 0;
        for (int f = 0; f < split.fitted().length; f++) {
            sum += fitted.vectors()[direction][f] * product(split.fitted()[f], member);
        }
        return sum;
    }

    /** How much of each fitted member the projection of a member upon {@code k} directions takes. */
    double[] weights(int k, int member) {
        double[] weights = new double[split.fitted().length];
        for (int i = 0; i < k && isReal(i); i++) {
            double factor = along(i, member) / fitted.values()[i];
            for (int f = 0; f < weights.length; f++) {
                weights[f] += factor * fitted.vectors()[i][f];
            }
        }
        return weights;
    }
}
