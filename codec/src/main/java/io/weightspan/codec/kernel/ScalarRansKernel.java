package io.weightspan.codec.kernel;

/** The reference implementation, one symbol at a time. */
public final class ScalarRansKernel implements RansKernel {
    /** Makes one; it has no state. */
    public ScalarRansKernel() {}

    @Override
    public int decode(
            int[] slots, int[] tableOffsets, int n, int[] states, char[] words, int wordCount, byte[] symbols) {
        int lanes = states.length;
        int used = 0;
        int full = n - n % lanes;
        for (int i = 0; i < full; i += lanes) {
            // A round uses at most one word a lane; past the end, reads stay on the last entry and the count tells.
            if (used + lanes > wordCount) {
                return decodeSlowly(slots, tableOffsets, i, n, states, words, wordCount, used, symbols);
            }
            used = round(slots, tableOffsets, i, states, words, used, symbols);
        }
        return decodeSlowly(slots, tableOffsets, full, n, states, words, wordCount, used, symbols);
    }

    private static int round(
            int[] slots, int[] tableOffsets, int first, int[] states, char[] words, int used, byte[] symbols) {
        int at = used;
        for (int lane = 0; lane < states.length; lane++) {
            int x = states[lane];
            int slot = slots[tableOffsets[first + lane] + (x & 4095)];
            x = (slot >>> 8 & 4095) * (x >>> 12) + (slot >>> 20);
            symbols[first + lane] = (byte) slot;
            // All ones where the state fell below 2^16: refill without a branch that cannot be predicted.
            int refill = ((x >>> 16) - 1) >> 31;
            states[lane] = x << (refill & 16) | words[at] & refill;
            at -= refill;
        }
        return at;
    }

    private static int decodeSlowly(
            int[] slots,
            int[] tableOffsets,
            int from,
            int n,
            int[] states,
            char[] words,
            int wordCount,
            int usedBefore,
            byte[] symbols) {
        int used = usedBefore;
        for (int i = from; i < n; i++) {
            int lane = i & states.length - 1;
            int x = states[lane];
            int slot = slots[tableOffsets[i] + (x & 4095)];
            x = (slot >>> 8 & 4095) * (x >>> 12) + (slot >>> 20);
            symbols[i] = (byte) slot;
            if (x >>> 16 == 0) {
                if (used == wordCount) {
                    return wordCount + 1;
                }
                x = x << 16 | words[used++];
            }
            states[lane] = x;
        }
        return used;
    }
}
