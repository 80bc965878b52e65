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

    private void put(long value, int count) {
        pending |= value << pendingBits;
        pendingBits += count;
        if (pendingBits >= 32) {
            if (position + 8 > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.multiplyExact(bytes.length, 2));
            }
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
     * Copies the stream, its last byte filled with zero bits.
     *
     * @param target where to
     * @param offset first byte in the target
     */
    public void copyTo(byte[] target, int offset) {
        System.arraycopy(bytes, 0, target, offset, position);
        int end = byteLength() - position;
        for (int i = 0; i < end; i++) {
            target[offset + position + i] = (byte) (pending >>> (8 * i));
        }
    }

    /**
     * The stream as an array of its own.
     *
     * @return {@link #byteLength()} bytes
     */
    public byte[] toByteArray() {
        byte[] copy = new byte[byteLength()];
        copyTo(copy, 0);
        return copy;
    }
}
