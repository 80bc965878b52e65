package io.weightspan.conformance;

import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;

/** Small safetensors files that are related as a family's are; the same ones for the same seed. */
final class SyntheticFamily {

    private static final int ELEMENTS_PAST_A_BLOCK = 66_000;

    private final Random random;

    SyntheticFamily(long seed) {
        this.random = new Random(seed);
    }

    /**
     * A tensor to write.
     *
     * @param name its name, without characters to escape
     * @param dtype its dtype's name
     * @param shape its dimensions
     * @param data its bytes
     */
    record Entry(String name, String dtype, List<Long> shape, byte[] data) {}

    /** A base with a tensor of every dtype, one of two blocks, one twice, one that is padded, one of zeros. */
    Path base(Path file) throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (DType dtype : DType.values()) {
            if (dtype.hasFloatCoding()) {
                entries.add(floats("w." + dtype.name(), dtype, 33, 47));
            } else {
                entries.add(new Entry("w." + dtype.name(), dtype.name(), List.of(24L), bytes(24 * dtype.bits() / 8)));
            }
        }
        entries.add(floats("large", DType.BF16, 2, ELEMENTS_PAST_A_BLOCK / 2));
        Entry embed = floats("embed", DType.F16, 50, 20);
        entries.add(embed);
        entries.add(new Entry("head", "F16", embed.shape(), embed.data()));
        Entry padded = floats("padded", DType.F32, 40, 25);
        for (int n = 0; n < padded.data().length; n += 4) {
            padded.data()[n] = 0;
            padded.data()[n + 1] = 0;
        }
        entries.add(padded);
        entries.add(new Entry("zeros", "F32", List.of(1000L), new byte[4000]));
        return write(file, entries);
    }

    /** The file with most elements moved a little, every fourth tensor as it was. */
    Path fineTune(Path from, Path to, int steps) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (SafetensorsFile file = SafetensorsFile.open(from)) {
            for (int t = 0; t < file.tensors().size(); t++) {
                TensorInfo tensor = file.tensors().get(t);
                byte[] data = file.tensor(t).toArray(ValueLayout.JAVA_BYTE);
                if (t % 4 != 0 && tensor.dtype().hasFloatCoding()) {
                    move(data, tensor.dtype().bits() / 8, tensor.name().equals("padded") ? 2 : 0, steps);
                }
                entries.add(entry(tensor.name(), tensor.dtype(), tensor, data));
            }
        }
        return write(to, entries);
    }

    /** F32 tensors cut to BF16, BF16 tensors widened to F32. */
    Path converted(Path from, Path to) throws IOException {
        List<Entry> entries = new ArrayList<>();
        try (SafetensorsFile file = SafetensorsFile.open(from)) {
            for (int t = 0; t < file.tensors().size(); t++) {
                TensorInfo tensor = file.tensors().get(t);
                byte[] data = file.tensor(t).toArray(ValueLayout.JAVA_BYTE);
                if (tensor.dtype() == DType.F32) {
                    byte[] cut = new byte[data.length / 2];
                    for (int n = 0; n < cut.length; n++) {
                        cut[n] = data[n / 2 * 4 + 2 + n % 2];
                    }
                    entries.add(entry(tensor.name(), DType.BF16, tensor, cut));
                } else if (tensor.dtype() == DType.BF16) {
                    byte[] wide = new byte[data.length * 2];
                    for (int n = 0; n < data.length; n++) {
                        wide[n / 2 * 4 + 2 + n % 2] = data[n];
                    }
                    entries.add(entry(tensor.name(), DType.F32, tensor, wide));
                }
            }
        }
        return write(to, entries);
    }

    /** Empty, zero-dimensional and odd-sized tensors. */
    Path oddTensors(Path file) throws IOException {
        return write(file, List.of(
                new Entry("empty", "BF16", List.of(0L, 4L), new byte[0]),
                new Entry("scalar", "F32", List.of(), bytes(4)),
                new Entry("one", "F64", List.of(1L, 1L, 1L), bytes(8)),
                new Entry("noise", "F16", List.of(7L, 11L), bytes(154)),
                new Entry("nibbles", "F4", List.of(6L), bytes(3)),
                new Entry("sixes", "F6_E2M3", List.of(3L, 4L), bytes(9)),
                new Entry("end", "I8", List.of(0L), new byte[0])));
    }

    /** Random bytes. */
    byte[] bytes(int count) {
        byte[] out = new byte[count];
        random.nextBytes(out);
        return out;
    }

    /** Writes the tensors in the order given, their header's members in the opposite one. */
    Path write(Path file, List<Entry> entries) throws IOException {
        List<String> members = new ArrayList<>();
        ByteArrayOutputStream data = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            int begin = data.size();
            data.write(entry.data());
            members.add("\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}".formatted(entry.name(),
                    entry.dtype(), entry.shape(), begin, data.size()));
        }
        Collections.reverse(members);
        StringJoiner header = new StringJoiner(",", "{", "}");
        members.forEach(header::add);
        byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(8 + json.length + data.size()).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(json.length).put(json).put(data.toByteArray());
        return Files.write(file, out.array());
    }

    private static Entry entry(String name, DType dtype, TensorInfo like, byte[] data) {
        List<Long> shape = new ArrayList<>();
        for (long dimension : like.shape()) {
            shape.add(dimension);
        }
        return new Entry(name, dtype.name(), shape, data);
    }

    /** Rows of different sizes, about normal; a few elements are any pattern at all. */
    private Entry floats(String name, DType dtype, int rows, int columns) {
        int size = dtype.bits() / 8;
        ByteBuffer out = ByteBuffer.allocate(rows * columns * size).order(ByteOrder.LITTLE_ENDIAN);
        for (int row = 0; row < rows; row++) {
            double sigma = 0.02 * Math.exp(random.nextGaussian() / 2);
            for (int column = 0; column < columns; column++) {
                double value = random.nextGaussian() * sigma;
                long any = random.nextLong();
                switch (random.nextInt(200) == 0 ? -size : size) {
                    case 8 -> out.putDouble(value);
                    case 4 -> out.putFloat((float) value);
                    case 2 -> out.putShort(dtype == DType.F16
                            ? Float.floatToFloat16((float) value)
                            : (short) (Float.floatToRawIntBits((float) value) >>> 16));
                    case 1 -> out.put((byte) (any & 0x8F | 0x30 + (any >>> 8 & 0x10)));
                    default -> out.put(ByteBuffer.allocate(8).putLong(any).array(), 0, size);
                }
            }
        }
        return new Entry(name, dtype.name(), List.of((long) rows, (long) columns), out.array());
    }

    /** Moves elements by up to {@code steps} times eight units of the byte at {@code low}. */
    private void move(byte[] data, int size, int low, int steps) {
        for (int at = low; at < data.length; at += size) {
            int step = (int) (random.nextGaussian() * 3 * steps);
            int carry = step;
            for (int n = at; n < at + size - low && carry != 0; n++) {
                int sum = (data[n] & 0xFF) + carry;
                data[n] = (byte) sum;
                carry = sum >> 8;
            }
        }
    }
}
