package io.weightspan.codec.kernel;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * As many elements at once as a vector register has ints, 8 or more.
 *
 * <p>The raw bits of such a group lie in one register's width nearly always: one load brings them, a permutation
 * gives each lane the two ints that its field may touch, and shifts cut the field out. Groups with escapes, or with
 * more raw bits, go to {@link ScalarElementKernel}.
 */
final class VectorElementKernel implements ElementKernel {
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int LANES = INTS.length();
    private static final VectorSpecies<Byte> WINDOW = VectorSpecies.of(byte.class, INTS.vectorShape());
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(INTS.vectorBitSize() / Integer.BYTES));

    private static final VectorShuffle<Integer> BACK_1 = back(1);
    private static final VectorShuffle<Integer> BACK_2 = back(2);
    private static final VectorShuffle<Integer> BACK_4 = back(4);
    private static final VectorShuffle<Integer> BACK_8 = back(8);
    private static final VectorMask<Integer> FROM_1 = from(1);
    private static final VectorMask<Integer> FROM_2 = from(2);
    private static final VectorMask<Integer> FROM_4 = from(4);
    private static final VectorMask<Integer> FROM_8 = from(8);

    private static VectorShuffle<Integer> back(int lanes) {
        return VectorShuffle.fromOp(INTS, lane -> Math.max(0, lane - lanes));
    }

    private static VectorMask<Integer> from(int first) {
        return VectorMask.fromLong(INTS, first < Long.SIZE ? -1L << first : 0);
    }

    @Override
    public void contexts(BitLayout layout, int[] predicted, int[] scales, int n, int[] contexts) {
        // The compiler makes vectors of this loop by itself.
        ScalarElementKernel.contexts(layout, predicted, scales, contexts, n);
    }

    @Override
    public long delta(BitLayout layout, byte[] symbols, int[] predicted, int n, byte[] raw, long bit) {
        int most = 4 * layout.width() - 5;
        int signShift = layout.width() - 1;
        int magnitudes = layout.magnitudes();
        int all = layout.all();
        int shift = layout.shift();
        int full = n - n % LANES;
        long at = bit;
        for (int i = 0; i < full; i += LANES) {
            IntVector d = ints(symbols, i).sub(ZERO_DIFFERENCE);
            IntVector b = d.abs();
            IntVector r = b.lanewise(VectorOperators.LSHR, 2).sub(1).max(0);
            IntVector ends = sums(r);
            int total = ends.lane(LANES - 1);
            int start = (int) at & 7;
            // An escape is 128 away from no difference: more than any symbol that an element of this width may have.
            if (b.compare(VectorOperators.GT, most).anyTrue() || start + total > LANES * Integer.SIZE) {
                at = ScalarElementKernel.delta(layout, symbols, predicted, i, i + LANES, raw, at);
                if (at < 0) {
                    return -1;
                }
                continue;
            }
            IntVector fields = fields(raw, at, ends.sub(r).add(start));
            IntVector low = IntVector.broadcast(INTS, 1).lanewise(VectorOperators.LSHL, r).sub(1);
            IntVector a =
                    b.sub(r.lanewise(VectorOperators.LSHL, 2)).lanewise(VectorOperators.LSHL, r).or(fields.and(low));
            IntVector p = IntVector.fromArray(INTS, predicted, i);
            IntVector negative = p.lanewise(VectorOperators.LSHR, signShift).neg();
            IntVector ordered = p.lanewise(VectorOperators.XOR, negative.and(magnitudes));
            IntVector turn = d.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.XOR, negative);
            IntVector sum = ordered.add(a.lanewise(VectorOperators.XOR, turn).sub(turn)).and(all);
            IntVector flip = sum.lanewise(VectorOperators.LSHR, signShift).neg().and(magnitudes);
            sum.lanewise(VectorOperators.XOR, flip).lanewise(VectorOperators.LSHL, shift).intoArray(predicted, i);
            at += total;
        }
        return ScalarElementKernel.delta(layout, symbols, predicted, full, n, raw, at);
    }

    @Override
    public long direct(
            BitLayout layout, byte[] symbols, int[] scales, int[] elements, int n, byte[] raw, long bit) {
        int keyShift = layout.keyShift();
        int signShift = layout.width() - 1;
        int mostKey = (1 << signShift - keyShift) - 1;
        int shift = layout.shift();
        int low = (1 << keyShift) - 1;
        int total = LANES * (keyShift + 1);
        IntVector starts = IntVector.broadcast(INTS, 0).addIndex(keyShift + 1);
        int full = n - n % LANES;
        long at = bit;
        for (int i = 0; i < full; i += LANES) {
            IntVector s = ints(symbols, i);
            if (s.compare(VectorOperators.LE, ZERO_ELEMENT).anyTrue()) {
                at = ScalarElementKernel.direct(layout, symbols, scales, elements, i, i + LANES, raw, at);
                if (at < 0) {
                    return -1;
                }
                continue;
            }
            IntVector key = s.sub(KEY_ORIGIN).add(IntVector.fromArray(INTS, scales, i));
            if (key.compare(VectorOperators.UGT, mostKey).anyTrue()) {
                return -1;
            }
            IntVector fields = fields(raw, at, starts.add((int) at & 7));
            IntVector magnitude = key.lanewise(VectorOperators.LSHL, keyShift).or(fields.and(low));
            IntVector sign = fields.lanewise(VectorOperators.LSHR, keyShift).and(1);
            magnitude
                    .or(sign.lanewise(VectorOperators.LSHL, signShift))
                    .lanewise(VectorOperators.LSHL, shift)
                    .intoArray(elements, i);
            at += total;
        }
        return ScalarElementKernel.direct(layout, symbols, scales, elements, full, n, raw, at);
    }

    private static IntVector ints(byte[] bytes, int at) {
        return ByteVector.fromArray(BYTES, bytes, at)
                .convertShape(VectorOperators.ZERO_EXTEND_B2I, INTS, 0)
                .reinterpretAsInts();
    }

    /** In each lane the sum of the lanes up to it. */
    private static IntVector sums(IntVector counts) {
        IntVector sums = counts.add(counts.rearrange(BACK_1), FROM_1);
        sums = sums.add(sums.rearrange(BACK_2), FROM_2);
        sums = sums.add(sums.rearrange(BACK_4), FROM_4);
        return LANES > 8 ? sums.add(sums.rearrange(BACK_8), FROM_8) : sums;
    }

    /** In each lane the 32 bits from a position on, counted from the byte that {@code at} lies in. */
    private static IntVector fields(byte[] raw, long at, IntVector positions) {
        IntVector window = ByteVector.fromArray(WINDOW, raw, (int) (at >>> 3)).reinterpretAsInts();
        IntVector word = positions.lanewise(VectorOperators.LSHR, 5);
        IntVector bit = positions.and(31);
        // The last lane's field may end with the window; nothing of the word that its second index wraps to is used.
        IntVector lower = word.and(LANES - 1).selectFrom(window);
        IntVector upper = word.add(1).and(LANES - 1).selectFrom(window);
        return lower.lanewise(VectorOperators.LSHR, bit)
                .or(upper.lanewise(VectorOperators.LSHL, 1)
                        .lanewise(VectorOperators.LSHL, bit.lanewise(VectorOperators.XOR, 31)));
    }

    @Override
    public boolean differences(
            BitLayout layout, int[] elements, int[] predicted, int n, byte[] symbols, int[] magnitudes) {
        int signShift = layout.width() - 1;
        int magnitudeBits = layout.magnitudes();
        int unused = 32 - layout.width();
        int full = n - n % LANES;
        boolean same = true;
        for (int i = 0; i < full; i += LANES) {
            IntVector p = IntVector.fromArray(INTS, predicted, i);
            IntVector c = IntVector.fromArray(INTS, elements, i);
            IntVector negative = p.lanewise(VectorOperators.LSHR, signShift).neg();
            IntVector ordered = p.lanewise(VectorOperators.XOR, negative.and(magnitudeBits));
            IntVector flip = c.lanewise(VectorOperators.LSHR, signShift).neg().and(magnitudeBits);
            IntVector target = c.lanewise(VectorOperators.XOR, flip);
            IntVector d = target.sub(ordered)
                    .lanewise(VectorOperators.XOR, negative)
                    .sub(negative)
                    .lanewise(VectorOperators.LSHL, unused)
                    .lanewise(VectorOperators.ASHR, unused);
            IntVector sign = d.lanewise(VectorOperators.ASHR, 31);
            IntVector a = d.lanewise(VectorOperators.XOR, sign).sub(sign);
            a.intoArray(magnitudes, i);
            IntVector r = IntVector.broadcast(INTS, 29)
                    .sub(a.lanewise(VectorOperators.LEADING_ZEROS_COUNT))
                    .max(0);
            IntVector b = r.lanewise(VectorOperators.LSHL, 2).add(a.lanewise(VectorOperators.LSHR, r));
            b.lanewise(VectorOperators.XOR, sign)
                    .sub(sign)
                    .add(ZERO_DIFFERENCE)
                    .convertShape(VectorOperators.I2B, BYTES, 0)
                    .reinterpretAsBytes()
                    .intoArray(symbols, i);
            same = same && !a.compare(VectorOperators.NE, 0).anyTrue();
        }
        boolean rest =
                ScalarElementKernel.differences(layout, elements, predicted, full, n, symbols, magnitudes);
        return same && rest;
    }

    @Override
    public void keys(BitLayout layout, int[] elements, int[] scales, int n, byte[] symbols) {
        int keyShift = layout.keyShift();
        int magnitudeBits = layout.magnitudes();
        int full = n - n % LANES;
        for (int i = 0; i < full; i += LANES) {
            IntVector magnitude = IntVector.fromArray(INTS, elements, i).and(magnitudeBits);
            IntVector s = magnitude
                    .lanewise(VectorOperators.LSHR, keyShift)
                    .sub(IntVector.fromArray(INTS, scales, i))
                    .add(KEY_ORIGIN);
            VectorMask<Integer> coded = s.sub(ZERO_ELEMENT + 1).compare(VectorOperators.ULT, 256 - ZERO_ELEMENT - 1);
            IntVector.broadcast(INTS, ESCAPE)
                    .blend(s, coded)
                    .blend(ZERO_ELEMENT, magnitude.compare(VectorOperators.EQ, 0))
                    .convertShape(VectorOperators.I2B, BYTES, 0)
                    .reinterpretAsBytes()
                    .intoArray(symbols, i);
        }
        ScalarElementKernel.keys(layout, elements, scales, full, n, symbols);
    }
}
