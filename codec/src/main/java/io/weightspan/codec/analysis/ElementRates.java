package io.weightspan.codec.analysis;

import java.io.IOException;
import java.util.Arrays;

/**
 * Rates of the members' differences as they are, and less their projections on directions over the models.
 * Reads some elements of all members at a time.
 */
final class ElementRates {
    private static final int PANEL = 1 << 15;
    private static final int COEFFICIENT_BITS = 16;

    private final int size;
    private final int held;
    private final int directions;
    private final double energy;
    private final ElementMeter[] direct;
    private final ElementMeter[] span;

    private ElementRates(int size, int held, int directions, double energy, int steps) {
        this.size = size;
        this.held = held;
        this.directions = directions;
        this.energy = energy;
        direct = new ElementMeter[steps];
        span = new ElementMeter[steps];
        for (int s = 0; s < steps; s++) {
            direct[s] = new ElementMeter();
            span[s] = new ElementMeter();
        }
    }

    /**
     * Measures.
     *
     * @param held the members to measure
     * @param fitted the members that the axis was fitted on
     * @param directions how many directions; 0 leaves projections out
     */
    static ElementRates of(
            Differences own, ModelAxis axis, int[] held, int[] fitted, double[] steps, int directions)
            throws IOException {
        double energy = Arrays.stream(held).mapToDouble(axis::square).sum();
        ElementRates rates = new ElementRates(own.size(), held.length, directions, energy, steps.length);
        double[][] weights = new double[held.length][];
        for (int h = 0; h < held.length; h++) {
            weights[h] = axis.weights(directions, held[h]);
        }
        float[][] panels = new float[directions > 0 ? fitted.length : 0][PANEL];
        float[] values = new float[PANEL];
        double[] rest = new double[PANEL];
        for (int first = 0; first < own.size(); first += PANEL) {
            int n = Math.min(PANEL, own.size() - first);
            for (int f = 0; f < panels.length; f++) {
                own.read(fitted[f], first, n, panels[f]);
            }
            for (int h = 0; h < held.length; h++) {
                own.read(held[h], first, n, values);
                double deviation = Math.sqrt(axis.square(held[h]) / own.size());
                add(rates.direct, values, n, steps, deviation);
                if (directions > 0) {
                    project(panels, weights[h], values, n, rest);
                    add(rates.span, values, n, steps, deviation);
                }
            }
        }
        return rates;
    }

    private static void add(ElementMeter[] meters, float[] values, int n, double[] steps, double deviation) {
        for (int s = 0; s < steps.length; s++) {
            meters[s].add(values, n, steps[s] * deviation);
        }
    }

    /** Subtracts the projection. */
    private static void project(float[][] panels, double[] weights, float[] values, int n, double[] rest) {
        Arrays.fill(rest, 0);
        for (int f = 0; f < panels.length; f++) {
            double weight = weights[f];
            float[] panel = panels[f];
            for (int i = 0; i < n; i++) {
                rest[i] += weight * panel[i];
            }
        }
        for (int i = 0; i < n; i++) {
            values[i] = (float) (values[i] - rest[i]);
        }
    }

    /** The differences as they are, at a step. */
    Coding direct(int step) {
        double error = Rounded.relative(direct[step].left(), energy);
        return new Coding(Rounded.six(direct[step].bits() / held / size), error, error, 0);
    }

    /** Less their projections, at a step; {@code fitted} are the rates of members that took part in the fit. */
    Coding span(int step, ElementRates fitted) {
        return new Coding(
                Rounded.six(span[step].bits() / held / size + (double) COEFFICIENT_BITS * directions / size),
                Rounded.relative(span[step].left(), energy),
                Rounded.relative(fitted.span[step].left(), fitted.energy),
                (long) directions * (size + SlotAnalyzer.DIRECTION_OVERHEAD));
    }
}
