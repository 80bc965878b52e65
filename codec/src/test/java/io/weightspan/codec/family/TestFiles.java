package io.weightspan.codec.family;

import io.weightspan.codec.tensor.DType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;

/** Writes small safetensors files. */
final class TestFiles {
    private final Map<String, String> members = new LinkedHashMap<>();
    private final ByteArrayOutputStream data = new ByteArrayOutputStream();

    TestFiles tensor(String name, DType dtype, String shape, byte[] bytes) {
        int begin = data.size();
        data.writeBytes(bytes);
        members.put(name, "{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" + begin + ","
                + data.size() + "]}");
        return this;
    }

    Path write(Path file) throws IOException {
        StringBuilder json = new StringBuilder("{\"__metadata__\":{\"format\":\"pt\"}");
        members.forEach((name, value) -> json.append(",\"").append(name).append("\":").append(value));
        byte[] header = json.append("}   ").toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length).put(header).put(data.toByteArray());
        return Files.write(file, bytes.array());
    }

    /** Normally distributed weights. */
    static float[] weights(int n, double deviation, long seed) {
        Random random = new Random(seed);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    static float[] plus(float[] a, float[] b) {
        float[] sum = a.clone();
        for (int i = 0; i < sum.length; i++) {
            sum[i] += b[i];
        }
        return sum;
    }

    static byte[] f32(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }

    static byte[] bf16(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            int u = Float.floatToRawIntBits(value);
            bytes.putShort((short) (u + 0x7FFF + (u >>> 16 & 1) >>> 16));
        }
        return bytes.array();
    }

    /** Values of BF16 in F32: the low half of every element is zero. */
    static byte[] padded(float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            bytes.putInt(Float.floatToRawIntBits(value) & 0xFFFF_0000);
        }
        return bytes.array();
    }
}
