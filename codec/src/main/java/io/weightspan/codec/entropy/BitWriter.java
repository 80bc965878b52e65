package io.weightspan.codec.entropy;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Appends fields of bits to a growing array, least significant bit first, from bit 0 of the first byte.
 *
 * <p>Not thread-safe.
 */
public final class BitWriter {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** Bits that fit a long beside seven that wait for their byte to fill. */
    private static final int MOST_AT_ONCE = Long.SIZE - Byte.SIZE;

    private byte[] bytes;
    private int position;
    private long pending;
    private int pendingBits;

    /**
     * Begins an empty stream.
     *
     * @param capacity bytes to reserve, at least 0
     */
    public BitWriter(int capacity) {
        bytes = new byte[Math.max(16, capacity)];
    }

    /** Forgets what was written and keeps the memory. */
    public void reset() {
        position = 0;
        pending = 0;
        pendingBits = 0;
    }

    /**
     * Appends the low bits of a value.
     *
     * @param value the field; bits from {@code count} up are ignored
     * @param count width of the field, 0 to 64
     */
    public void write(long value, int count) {
        if (count > 32) {
            put(value & 0xFFFFFFFFL, 32);
            put((value >>> 32) & mask(count - 32), count - 32);
        } else {
            put(value & mask(count), count);
        }
    }

    /**
     * Appends the low bits of many values.
     *
     * @param values the fields
     * @param symbols for each field what decides its width
     * @param widths the width for each symbol (0 to 255), 0 to 32
     * @param n number of fields
     */
    public void writeAll(int[] values, byte[] symbols, int[] widths, int n) {
        reserve(Integer.BYTES * (long) n);
        byte[] to = bytes;
        int at = position;
        LONG.set(to, at, pending);
        int heldBits = pendingBits & 7;
        int wholeBefore = pendingBits >>> 3;
        at += wholeBefore;
        long held = pending >>> Byte.SIZE * wholeBefore;
        for (int i = 0; i < n; i++) {
            int width = widths[symbols[i] & 0xFF];
            long field = values[i] & mask(width);
            if (i + 1 < n) {
                // Two fields at once where they fit: what one field waits for is the end of the one before.
                int second = widths[symbols[i + 1] & 0xFF];
                if (width + second <= MOST_AT_ONCE) {
                    i++;
                    field |= (values[i] & mask(second)) << width;
                    width += second;
                }
            }
            held |= field << heldBits;
            heldBits += width;
            // Written always; what is whole moves on, without a branch to be mispredicted.
            LONG.set(to, at, held);
            int whole = heldBits >>> 3;
            at += whole;
            held >>>= Byte.SIZE * whole;
            heldBits &= 7;
        }
        position = at;
        pending = held;
        pendingBits = heldBits;
    }

    /** Makes room for more bytes, and for eight beyond them. */
    private void reserve(long more) {
        long needed = position + more + 2 * Long.BYTES;
        if (needed > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.toIntExact(Math.max(needed, 2L * bytes.length)));
        }
    }

    private void put(long value, int count) {
        pending |= value << pendingBits;
        pendingBits += count;
        if (pendingBits >= 32) {
            reserve(Long.BYTES);
            LONG.set(bytes, position, pending);
            position += 4;
            pending >>>= 32;
            pendingBits -= 32;
        }
    }

    private static long mask(int count) {
        return (1L << count) - 1;
    }

    /**
     * The bytes that hold the stream; unused bits of the last one are zero.
     *
     * @return length in bytes
     */
    public int byteLength() {
        return position + (pendingBits + 7) / 8;
    }

    /**
     * Copies the stream from one of its bytes on, its last byte filled with zero bits.
     *
     * @param from first byte to copy, 0 to {@link #byteLength()}
     * @param target where to
     * @param offset first byte in the target
     */
    public void copyTo(int from, byte[] target, int offset) {
        flush();
        System.arraycopy(bytes, from, target, offset, byteLength() - from);
    }

    /** Makes the array hold all bits; writing may go on after. */
    private void flush() {
        reserve(Long.BYTES);
        LONG.set(bytes, position, pending);
    }

    /**
     * Sixteen bits of the stream; zero where it has ended.
     *
     * @param index the first bit over 16, at least 0
     * @return the bits, the first of them lowest
     */
    public int word(int index) {
        flush();
        int at = Short.BYTES * index;
        return at < byteLength() ? bytes[at] & 0xFF | (bytes[at + 1] & 0xFF) << Byte.SIZE : 0;
    }

    /**
     * The stream as an array of its own.
     *
     * @return {@link #byteLength()} bytes
     */
    public byte[] toByteArray() {
        byte[] copy = new byte[byteLength()];
        copyTo(0, copy, 0);
        return copy;
    }
}
