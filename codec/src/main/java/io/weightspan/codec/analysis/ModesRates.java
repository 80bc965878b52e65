package io.weightspan.codec.analysis;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Rates of differences turned into the left and right directions. */
final class ModesRates {
    private final ModesMeter[] meters;
    private double energy;

    private ModesRates(ModeAxes axes, double[] steps) {
        meters = new ModesMeter[steps.length];
        for (int s = 0; s < steps.length; s++) {
            meters[s] = new ModesMeter(axes, steps[s]);
        }
    }

    /** Measures held-out members, and as many fitted ones beside them; a coding for each step. */
    static List<Coding> of(Differences own, ModelAxis axis, ModeAxes axes, HeldOut split, double[] steps)
            throws IOException {
        ModesRates held = of(own, axis, axes, split.held(), steps);
        ModesRates fitted = of(own, axis, axes, split.sampleOfFitted(), steps);
        List<Coding> codings = new ArrayList<>();
        for (int s = 0; s < steps.length; s++) {
            codings.add(new Coding(
                    Rounded.six(held.meters[s].bits() / own.size()),
                    Rounded.relative(held.meters[s].left(), held.energy),
                    Rounded.relative(fitted.meters[s].left(), fitted.energy),
                    held.meters[s].basisBytes()));
        }
        return codings;
    }

    private static ModesRates of(Differences own, ModelAxis axis, ModeAxes axes, int[] members, double[] steps)
            throws IOException {
        ModesRates rates = new ModesRates(axes, steps);
        for (int member : members) {
            float[] turned = axes.turned(own.of(member));
            double outside = axes.outside(turned, axis.square(member));
            for (ModesMeter meter : rates.meters) {
                meter.add(turned, Math.sqrt(axis.square(member) / own.size()), outside);
            }
            rates.energy += axis.square(member);
        }
        return rates;
    }
}
