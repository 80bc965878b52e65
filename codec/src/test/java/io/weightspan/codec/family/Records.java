package io.weightspan.codec.family;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Encodes and opens records whose dependencies are plain files, each known by a digest of its path. */
final class Records implements Closeable {
    private final Map<Digest, Path> files = new HashMap<>();
    private final List<SafetensorsFile> opened = new ArrayList<>();

    /** A file that may predict others. */
    Reference reference(Path file, Role role) throws IOException {
        Digest name = Digest.sha256(MemorySegment.ofArray(file.toString().getBytes(StandardCharsets.UTF_8)));
        files.put(name, file);
        SafetensorsFile decoded = SafetensorsFile.open(file);
        opened.add(decoded);
        return new Reference(name, digest(Files.readAllBytes(file)), role, decoded, 0);
    }

    static Digest digest(byte[] bytes) {
        return Digest.sha256(MemorySegment.ofArray(bytes));
    }

    EncodedRecord encode(Path file, Path out, EncodeOptions options, Optional<BasisReference> basis,
            Reference... references) throws IOException {
        return RecordEncoder.encode(
                file, List.of(references), basis, options.withThreads(2), out, Progress.NONE);
    }

    EncodedRecord encode(Path file, Path out, Fidelity fidelity, Reference... references) throws IOException {
        return encode(file, out, EncodeOptions.DEFAULT.withFidelity(fidelity), Optional.empty(), references);
    }

    SafetensorsFile find(Digest object) throws IOException {
        Path file = files.get(object);
        if (file == null) {
            throw new ContainerException(ErrorCode.MISSING_DEPENDENCY, "no object " + object.hex());
        }
        return SafetensorsFile.open(file);
    }

    RecordDecoder open(Path record) throws IOException {
        return RecordDecoder.open(MappedSource.open(record), (object, file) -> find(object), Verification.FULL);
    }

    /** What a record decodes to, once all its digests were compared. */
    byte[] verified(Path record) throws IOException {
        try (RecordDecoder decoder = open(record)) {
            decoder.verify(Progress.NONE);
            return bytes(decoder);
        }
    }

    static byte[] bytes(RecordDecoder decoder) throws IOException {
        byte[] whole = new byte[Math.toIntExact(decoder.length())];
        decoder.read(0, MemorySegment.ofArray(whole));
        return whole;
    }

    /** The values of a tensor of a safetensors file. */
    static float[] values(byte[] file, TensorInfo tensor) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int at = 8 + (int) bytes.getLong(0) + (int) tensor.begin();
        float[] values = new float[(int) tensor.elementCount()];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case F32 -> bytes.getFloat(at + 4 * i);
                case BF16 -> Float.intBitsToFloat(bytes.getShort(at + 2 * i) << 16);
                case F16 -> Float.float16ToFloat(bytes.getShort(at + 2 * i));
                default -> throw new IllegalArgumentException("values of " + tensor.dtype());
            };
        }
        return values;
    }

    /** The stored bytes of a tensor of a safetensors file. */
    static byte[] stored(byte[] file, TensorInfo tensor) {
        int at = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        byte[] bytes = new byte[(int) tensor.byteLength()];
        System.arraycopy(file, at + (int) tensor.begin(), bytes, 0, bytes.length);
        return bytes;
    }

    @Override
    public void close() throws IOException {
        for (SafetensorsFile file : opened) {
            file.close();
        }
    }
}
