package io.weightspan.codec.basis;

import io.weightspan.codec.kernel.MatrixPanels;
import io.weightspan.codec.kernel.MatrixProduct;
import io.weightspan.codec.kernel.Strided;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * Writes a base and fine-tunes of it that share directions, as BF16: square layers of normal weights of 0.02; the
 * differences are 0.0002 large, nine tenths of their energy in the layer's shared directions, the rest noise.
 *
 * <p>Arguments: FOLDER MEMBERS LAYERS SIDE RANK. Makes FOLDER/base and FOLDER/members/NNN, each with a
 * model.safetensors.
 */
public final class GeneratedFamily {
    private static final int NOISE = (1 << 22) + 17;

    private final int layers;
    private final int side;
    private final int rank;
    private final float[] noise = new float[NOISE];
    private final MatrixProduct product = new MatrixProduct();

    private GeneratedFamily(int layers, int side, int rank) {
        this.layers = layers;
        this.side = side;
        this.rank = rank;
        Random random = new Random(1);
        for (int i = 0; i < NOISE; i++) {
            noise[i] = (float) random.nextGaussian();
        }
    }

    /** Writes one. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        GeneratedFamily family =
                new GeneratedFamily(Integer.parseInt(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
        family.write(folder.resolve("base"), -1);
        for (int m = 0; m < Integer.parseInt(args[1]); m++) {
            family.write(folder.resolve("members").resolve("%03d".formatted(m)), m);
        }
    }

    private void write(Path folder, int member) throws IOException {
        Files.createDirectories(folder);
        long bytes = 2L * side * side;
        StringBuilder header = new StringBuilder("{");
        for (int layer = 0; layer < layers; layer++) {
            header.append(layer == 0 ? "" : ",")
                    .append("\"layers.%d.weight\":{\"dtype\":\"BF16\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}"
                            .formatted(layer, side, side, layer * bytes, (layer + 1) * bytes));
        }
        byte[] json = header.append("}").toString().getBytes(StandardCharsets.UTF_8);
        try (FileChannel out = FileChannel.open(folder.resolve("model.safetensors"), StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
            out.write(head.putLong(json.length).put(json).flip());
            ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
            for (int layer = 0; layer < layers; layer++) {
                data.clear();
                float[] d = member < 0 ? new float[side * side] : difference(layer, member);
                int from = layer * 1_000_003;
                int other = (member + 2) * 7_919 + layer * 104_729;
                float size = member < 0 ? 0 : (float) (2e-4 * Math.sqrt(0.1));
                for (int i = 0; i < d.length; i++) {
                    float w = 0.02f * noise[(from + i) % NOISE] + d[i] + size * noise[(other + i) % NOISE];
                    data.putShort((short) (Float.floatToRawIntBits(w) + 0x8000 >>> 16));
                }
                data.flip();
                while (data.hasRemaining()) {
                    out.write(data);
                }
            }
        }
    }

    /** U C V^T with the layer's U and V and the member's C, whose elements fall off as the root of their place. */
    private float[] difference(int layer, int member) {
        Random shared = new Random(1_000 + layer);
        float[] u = gaussian(shared, side * rank, 1);
        float[] v = gaussian(shared, rank * side, 1);
        float[] core = gaussian(new Random(10_000L * layer + member + 7), rank * rank, 1);
        double square = 0;
        for (int a = 0; a < rank; a++) {
            for (int b = 0; b < rank; b++) {
                double size = 1 / Math.sqrt((a + 1.0) * (b + 1.0));
                core[a * rank + b] *= (float) size;
                square += size * size;
            }
        }
        float scale = (float) (2e-4 * Math.sqrt(0.9 / square));
        for (int i = 0; i < core.length; i++) {
            core[i] *= scale;
        }
        float[] right = new float[rank * side];
        product.add(Strided.rows(core, rank), rank, MatrixPanels.of(Strided.rows(v, side), rank, side),
                Strided.rows(right, side));
        float[] d = new float[side * side];
        product.add(Strided.rows(u, rank), side, MatrixPanels.of(Strided.rows(right, side), rank, side),
                Strided.rows(d, side));
        return d;
    }

    private static float[] gaussian(Random random, int n, double size) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (size * random.nextGaussian());
        }
        return values;
    }
}
