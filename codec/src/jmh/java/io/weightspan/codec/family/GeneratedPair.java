package io.weightspan.codec.family;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/** Writes a base and a fine-tune of it: normal weights of 0.02, and a normal difference of 1 % of that, as BF16. */
final class GeneratedPair {
    private static final int COLUMNS = 4_096;
    private static final int PIECE = 1 << 22;

    private GeneratedPair() {}

    /** Writes two files of one matrix; the same values repeat every few million elements, shifted in their rows. */
    static void write(Path baseFile, Path tunedFile, long elements) throws IOException {
        long rows = elements / COLUMNS;
        int piece = (int) Math.min(PIECE, elements);
        ByteBuffer base = ByteBuffer.allocate(2 * piece).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer tuned = ByteBuffer.allocate(2 * piece).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(1);
        for (int i = 0; i < piece; i++) {
            float w = (float) (random.nextGaussian() * 0.02);
            base.putShort(bf16(w));
            tuned.putShort(bf16(w + (float) (random.nextGaussian() * 2e-4)));
        }
        byte[] json = ("{\"w\":{\"dtype\":\"BF16\",\"shape\":[" + rows + "," + COLUMNS + "],\"data_offsets\":[0,"
                + 2 * rows * COLUMNS + "]}}").getBytes(StandardCharsets.UTF_8);
        write(baseFile, json, base, 2 * rows * COLUMNS);
        write(tunedFile, json, tuned, 2 * rows * COLUMNS);
    }

    private static void write(Path file, byte[] json, ByteBuffer piece, long bytes) throws IOException {
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
            out.write(head.putLong(json.length).put(json).flip());
            for (long left = bytes; left > 0;) {
                ByteBuffer part = piece.duplicate().position(0).limit((int) Math.min(piece.capacity(), left));
                left -= out.write(part);
            }
        }
    }

    private static short bf16(float value) {
        int u = Float.floatToRawIntBits(value);
        return (short) (u + 0x7FFF + (u >>> 16 & 1) >>> 16);
    }
}
