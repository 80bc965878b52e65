package io.weightspan.codec.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * As many lanes at once as a vector register has ints, 8 or more, where a block has 32 lanes: a gather looks the
 * slots up, and an expansion hands the next words to the lanes that need one. The rest goes to
 * {@link ScalarRansKernel}. After F. Giesen, "Interleaved entropy coders" (arXiv 1402.3392), section 4.
 */
final class VectorRansKernel implements RansKernel {
    private static final int STATES = 32;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    private static final int LANES = INTS.length();
    private static final VectorSpecies<Short> WORDS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(INTS.vectorBitSize() / 2));
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(INTS.vectorBitSize() / Integer.BYTES));

    private static final VectorShuffle<Integer> REVERSE = VectorShuffle.fromOp(INTS, lane -> LANES - 1 - lane);

    @Override
    public int decode(
            int[] slots, int[] tableOffsets, int n, int[] states, char[] words, int wordCount, byte[] symbols) {
        int used = 0;
        int i = 0;
        if (states.length == STATES) {
            int[] indices = new int[STATES];
            // A round uses at most one word a lane, so none past the last is read.
            for (; i + STATES <= n && used + STATES <= wordCount; i += STATES) {
                for (int lane = 0; lane < STATES; lane += LANES) {
                    IntVector.fromArray(INTS, states, lane)
                            .and(4095)
                            .add(IntVector.fromArray(INTS, tableOffsets, i + lane))
                            .intoArray(indices, lane);
                }
                for (int lane = 0; lane < STATES; lane += LANES) {
                    IntVector slot = IntVector.fromArray(INTS, slots, 0, indices, lane);
                    slot.convertShape(VectorOperators.I2B, BYTES, 0)
                            .reinterpretAsBytes()
                            .intoArray(symbols, i + lane);
                    IntVector x = IntVector.fromArray(INTS, states, lane);
                    x = slot.lanewise(VectorOperators.LSHR, 8)
                            .and(4095)
                            .mul(x.lanewise(VectorOperators.LSHR, 12))
                            .add(slot.lanewise(VectorOperators.LSHR, 20));
                    VectorMask<Integer> refill = x.compare(VectorOperators.ULT, 1 << 16);
                    IntVector next = ShortVector.fromCharArray(WORDS, words, used)
                            .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0)
                            .reinterpretAsInts()
                            .expand(refill);
                    x.blend(x.lanewise(VectorOperators.LSHL, 16).or(next), refill).intoArray(states, lane);
                    used += refill.trueCount();
                }
            }
        }
        return ScalarRansKernel.decode(slots, tableOffsets, i, n, states, words, wordCount, used, symbols);
    }

    @Override
    public int encode(int[] codes, int[] places, int n, int[] states, char[] words) {
        if (states.length != STATES) {
            return ScalarRansKernel.encode(codes, places, 0, n, states, words, 0);
        }
        int full = n - n % STATES;
        int count = ScalarRansKernel.encode(codes, places, full, n, states, words, 0);
        for (int i = full - STATES; i >= 0; i -= STATES) {
            for (int lane = STATES - LANES; lane >= 0; lane -= LANES) {
                IntVector code = IntVector.fromArray(INTS, codes, 0, places, i + lane);
                IntVector f = code.and(0xFFFF);
                IntVector x = IntVector.fromArray(INTS, states, lane);
                VectorMask<Integer> large =
                        x.lanewise(VectorOperators.LSHR, 20).compare(VectorOperators.GE, f);
                count = emit(x, large, words, count);
                x = x.blend(x.lanewise(VectorOperators.LSHR, 16), large);
                next(x, f, code).intoArray(states, lane);
            }
        }
        return count;
    }

    /** Appends the low words of the lanes that are too large, the last lane first. */
    private static int emit(IntVector x, VectorMask<Integer> large, char[] words, int count) {
        VectorMask<Integer> reversed = VectorMask.fromLong(INTS, Long.reverse(large.toLong()) >>> Long.SIZE - LANES);
        x.rearrange(REVERSE)
                .compress(reversed)
                .convertShape(VectorOperators.I2S, WORDS, 0)
                .reinterpretAsShorts()
                .intoCharArray(words, count);
        return count + large.trueCount();
    }

    /** The states after one symbol each: {@code (x div f) * 4096 + x mod f + F}. */
    private static IntVector next(IntVector x, IntVector f, IntVector code) {
        // The quotient is below 2^20, of which a float's 24 bits are at most one off; the remainder tells.
        FloatVector half = x.lanewise(VectorOperators.LSHR, 1)
                .convert(VectorOperators.I2F, 0)
                .reinterpretAsFloats();
        FloatVector divisor = f.convert(VectorOperators.I2F, 0).reinterpretAsFloats();
        IntVector quotient =
                half.div(divisor).mul(2).convert(VectorOperators.F2I, 0).reinterpretAsInts();
        IntVector remainder = x.sub(quotient.mul(f));
        VectorMask<Integer> below = remainder.compare(VectorOperators.LT, 0);
        quotient = quotient.sub(1, below);
        remainder = remainder.add(f, below);
        VectorMask<Integer> above = remainder.compare(VectorOperators.GE, f);
        quotient = quotient.add(1, above);
        remainder = remainder.sub(f, above);
        return quotient.lanewise(VectorOperators.LSHL, 12).add(remainder).add(code.lanewise(VectorOperators.LSHR, 16));
    }
}
