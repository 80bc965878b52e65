package io.weightspan.server.repo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Makes small models for tests: a base, and fine-tunes of it that differ a little everywhere. */
public final class TestModels {

    private TestModels() {}

    /**
     * Writes a safetensors file of two F32 matrices.
     *
     * @param file where to
     * @param base seeds the values that related models share
     * @param tune seeds the small difference from them; 0 for none
     * @param width columns of the matrices
     */
    public static void write(Path file, long base, long tune, int width) throws IOException {
        int rows = 64;
        long bytes = (long) rows * width * Float.BYTES;
        String json = """
                {"layer.0.weight":{"dtype":"F32","shape":[%d,%d],"data_offsets":[0,%d]},\
                "layer.1.weight":{"dtype":"F32","shape":[%d,%d],"data_offsets":[%d,%d]}}"""
                .formatted(rows, width, bytes, rows, width, bytes, 2 * bytes);
        byte[] header = json.getBytes(UTF_8);
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(Long.BYTES + header.length + 2 * bytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(header.length).put(header);
        Random shared = new Random(base);
        Random own = new Random(tune);
        while (out.hasRemaining()) {
            float value = (float) (0.02 * shared.nextGaussian());
            out.putFloat(tune == 0 ? value : value + (float) (1e-5 * own.nextGaussian()));
        }
        Files.createDirectories(file.getParent());
        Files.write(file, out.array());
    }

    /**
     * Writes a model's folder: weights, a configuration, a pickle that must never be opened, and a text in a folder
     * below.
     *
     * @param folder the model's folder, made
     */
    public static Path model(Path folder, long base, long tune, int width) throws IOException {
        write(folder.resolve("model.safetensors"), base, tune, width);
        Files.writeString(folder.resolve("config.json"), "{\"width\": " + width + "}\n");
        Files.write(folder.resolve("training_args.bin"), new byte[] {(byte) 0x80, 2, 'c', 'o', 's', '\n', (byte) tune});
        Path docs = Files.createDirectories(folder.resolve("docs"));
        Files.writeString(docs.resolve("notes.txt"), ("Tuned with seed " + tune + ".\n").repeat(400));
        return folder;
    }

    /**
     * Writes fine-tunes of one base that changed along the same few directions, so that a basis pays.
     *
     * @param folder where the models' folders go
     * @param members how many
     * @return the folders: the base's, then the members'
     */
    static List<Path> sharingDirections(Path folder, int members) throws IOException {
        int rows = 96;
        int columns = 128;
        int directions = 6;
        float[] base = gaussian(1, rows * columns, 0.02);
        float[] left = gaussian(2, rows * directions, 1);
        float[] right = gaussian(3, columns * directions, 1);
        List<Path> models = new ArrayList<>();
        for (int m = 0; m <= members; m++) {
            float[] values = base.clone();
            Random own = new Random(100 + m);
            for (int k = 0; m > 0 && k < directions; k++) {
                float size = (float) (own.nextGaussian() * 5e-3);
                for (int i = 0; i < values.length; i++) {
                    values[i] += size * left[k * rows + i / columns] * right[k * columns + i % columns];
                }
            }
            for (int i = 0; m > 0 && i < values.length; i++) {
                values[i] += (float) (own.nextGaussian() * 2e-4);
            }
            byte[] header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}"
                    .formatted(rows, columns, rows * columns * Float.BYTES)
                    .getBytes(UTF_8);
            ByteBuffer out = ByteBuffer.allocate(Long.BYTES + header.length + values.length * Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(header.length)
                    .put(header);
            out.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
            Path model = Files.createDirectories(folder.resolve("d" + m));
            Files.write(model.resolve("model.safetensors"), out.array());
            models.add(model);
        }
        return models;
    }

    private static float[] gaussian(long seed, int count, double size) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (size * random.nextGaussian());
        }
        return values;
    }
}
