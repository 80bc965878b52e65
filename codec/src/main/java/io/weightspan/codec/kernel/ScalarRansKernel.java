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
        int i = 0;
        // A round uses at most one word a lane.
        for (; i + lanes <= n && used + lanes <= wordCount; i += lanes) {
            used = round(slots, tableOffsets, i, states, words, used, symbols);
        }
        return decode(slots, tableOffsets, i, n, states, words, wordCount, used, symbols);
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

    /** Decodes the symbols {@code from} to {@code n - 1} where any of them may find no word left. */
    static int decode(
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

    @Override
    public int encode(int[] codes, int[] places, int n, int[] states, char[] words) {
        return encode(codes, places, 0, n, states, words, 0);
    }

    /** Encodes the symbols {@code to - 1} down to {@code from} and gives the words there are then. */
    static int encode(int[] codes, int[] places, int from, int to, int[] states, char[] words, int wordsBefore) {
        int count = wordsBefore;
        for (int i = to - 1; i >= from; i--) {
            int code = codes[places[i]];
            long f = code & 0xFFFF;
            int lane = i & states.length - 1;
            long x = states[lane] & 0xFFFF_FFFFL;
            // A word is written always and kept where the state is too large, without a branch to be mispredicted.
            words[count] = (char) x;
            int emitted = (int) ((f << 20) - 1 - x >>> 63);
            count += emitted;
            x >>>= emitted << 4;
            // A quotient below 2^32 is further from the next integer than a double rounds.
            long quotient = (long) ((double) x / f);
            states[lane] = (int) (x + (code >>> 16) + quotient * (4096 - f));
        }
        return count;
    }
}
