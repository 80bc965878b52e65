package io.weightspan.codec.analysis;

import io.weightspan.codec.basis.FactorPair;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.basis.ThinProduct;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Analyses the products of pairs of factors, none of which is ever formed: inner products and directions follow from
 * the factors. Of the pair at hand all members' factors are held. Stateless but for its arguments; one thread at a
 * time.
 */
final class ProductAnalyzer {
    /** Directions of a side that a document lists. */
    private static final int LISTED = 64;

    private final List<FamilyMember> members;
    private final HeldOut split;
    private final AnalysisOptions options;

    ProductAnalyzer(List<FamilyMember> members, HeldOut split, AnalysisOptions options) {
        this.members = members;
        this.split = split;
        this.options = options;
    }

    /** The slots of a pair's factors. */
    record Pair(String name, FamilySlot left, FamilySlot right) {
        int rows() {
            return left.shape().get(0).intValue();
        }

        int rank() {
            return left.shape().get(1).intValue();
        }

        int columns() {
            return right.shape().get(1).intValue();
        }
    }

    /** The pairs that every member has in the same shapes, in the order of the first member's right factors. */
    static List<Pair> pairs(List<FamilyMember> members, List<FamilySlot> slots) {
        List<Pair> pairs = new ArrayList<>();
        if (members.isEmpty()) {
            return pairs;
        }
        Map<String, FamilySlot> byName = new HashMap<>();
        slots.forEach(slot -> byName.put(slot.name(), slot));
        List<TensorInfo> tensors = members.getFirst().file().tensors();
        for (FactorPair pair : FactorPair.of(tensors)) {
            FamilySlot left = byName.get(tensors.get(pair.left()).name());
            FamilySlot right = byName.get(tensors.get(pair.right()).name());
            if (left != null && right != null) {
                pairs.add(new Pair(pair.slot(), left, right));
            }
        }
        return pairs;
    }

    /** What is measured of the members and of each null alike. */
    private record Measured(ModelAxis axis, SharedDirections directions) {}

    ProductAnalysis analyze(Pair pair) throws IOException {
        List<ThinProduct> own = read(pair);
        Measured real = measure(pair, own);
        Measured random = measure(pair, random(pair, real.axis()));
        Measured shuffled = measure(pair, shuffled(own));
        List<ErrorAtK> errors = new ArrayList<>();
        for (int k : split.held().length == 0 ? new int[0] : ModelAxis.counts(split.fitted().length)) {
            errors.add(new ErrorAtK(
                    k,
                    left(real.axis(), k),
                    Rounded.relative(real.axis().leftOfFitted(k), real.axis().energyOfFitted()),
                    left(random.axis(), k),
                    left(shuffled.axis(), k)));
        }
        int n = members.size();
        return new ProductAnalysis(
                pair.name(),
                List.of((long) pair.rows(), (long) pair.columns()),
                pair.rank(),
                Rounded.six(real.axis().energyOfFitted() + real.axis().energyOfHeld()),
                0,
                Rounded.six(real.axis().spectrum(), n),
                Rounded.six(random.axis().spectrum(), n),
                Rounded.six(shuffled.axis().spectrum(), n),
                spectrum(true, pair.rows(), real, random, shuffled),
                spectrum(false, pair.columns(), real, random, shuffled),
                errors);
    }

    private static double left(ModelAxis axis, int k) {
        return Rounded.relative(axis.leftOfHeld(k), axis.energyOfHeld());
    }

    private List<ThinProduct> read(Pair pair) throws IOException {
        StoredElements left = new StoredElements(members, pair.left());
        StoredElements right = new StoredElements(members, pair.right());
        List<ThinProduct> products = new ArrayList<>();
        for (int member = 0; member < members.size(); member++) {
            products.add(new ThinProduct(
                    left.of(member), right.of(member), pair.rows(), pair.rank(), pair.columns()));
        }
        return products;
    }

    private Measured measure(Pair pair, List<ThinProduct> products) {
        int n = products.size();
        double[] gram = new double[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                gram[i * n + j] = products.get(i).dot(products.get(j));
                gram[j * n + i] = gram[i * n + j];
            }
        }
        List<ThinProduct> fitted = new ArrayList<>();
        for (int member : split.fitted()) {
            fitted.add(products.get(member));
        }
        return new Measured(ModelAxis.of(gram, n, split), ThinProduct.directions(pair.name(), fitted));
    }

    /** Products of random factors, each of the norm of a member's. */
    private List<ThinProduct> random(Pair pair, ModelAxis real) {
        Random random = new Random(options.seed());
        List<ThinProduct> products = new ArrayList<>();
        for (int member = 0; member < members.size(); member++) {
            float[] left = gaussian(pair.rows() * pair.rank(), random);
            float[] right = gaussian(pair.rank() * pair.columns(), random);
            ThinProduct product = new ThinProduct(left, right, pair.rows(), pair.rank(), pair.columns());
            float scale = (float) Math.sqrt(real.square(member) / product.dot(product));
            for (int i = 0; i < left.length; i++) {
                left[i] *= scale;
            }
            products.add(product);
        }
        return products;
    }

    private static float[] gaussian(int n, Random random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** The same products with the elements of each factor shuffled in place. */
    private List<ThinProduct> shuffled(List<ThinProduct> products) {
        Random random = new Random(options.seed());
        for (ThinProduct product : products) {
            HeldDifferences.shuffle(product.left(), random);
            HeldDifferences.shuffle(product.right(), random);
        }
        return products;
    }

    private static @Nullable ModeSpectrum spectrum(
            boolean left, int dimension, Measured real, Measured random, Measured shuffled) {
        double[] own = listed(left, real);
        return own.length == 0
                ? null
                : new ModeSpectrum(dimension, own, listed(left, random), listed(left, shuffled));
    }

    /** What the first directions of a side hold of the energy. */
    private static double[] listed(boolean left, Measured measured) {
        SharedDirections.Side side = left ? measured.directions().left() : measured.directions().right();
        if (side == null) {
            return new double[0];
        }
        double[] shares = side.magnitudes().clone();
        double sum = 0;
        for (int i = 0; i < shares.length; i++) {
            shares[i] *= shares[i];
            sum += shares[i];
        }
        for (int i = 0; i < shares.length; i++) {
            shares[i] /= sum;
        }
        return Rounded.six(shares, LISTED);
    }
}
