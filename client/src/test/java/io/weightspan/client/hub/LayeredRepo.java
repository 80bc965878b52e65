package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A repository {@code fam/tuned} of one file {@code w.safetensors} whose record has a first layer upon a base.
 *
 * @param tuned the file
 * @param record its record
 * @param layer what the first layer decodes to
 * @param partLength bytes of the record's first part
 * @param baseLength bytes of the base's record
 */
public record LayeredRepo(byte[] tuned, byte[] record, byte[] layer, int partLength, long baseLength) {
    /** The repository's name. */
    public static final String REPO = "fam/tuned";

    private static final int ELEMENTS = 40_000;

    /**
     * Encodes the file and serves it.
     *
     * @param server serves it
     * @param folder where files go
     * @return what is served
     * @throws IOException if a file can't be written
     */
    public static LayeredRepo serve(FaultServer server, Path folder) throws IOException {
        Random random = new Random(1);
        float[] weights = new float[ELEMENTS];
        for (int i = 0; i < ELEMENTS; i++) {
            weights[i] = (float) random.nextGaussian();
        }
        Path baseFile = Files.write(folder.resolve("base.safetensors"), safetensors(weights));
        for (int i = 0; i < ELEMENTS; i++) {
            weights[i] += (float) (random.nextGaussian() * 0.01);
        }
        byte[] tuned = safetensors(weights);
        Path tunedFile = Files.write(folder.resolve("tuned.safetensors"), tuned);
        Path baseRecord = folder.resolve("base.wspan");
        Path tunedRecord = folder.resolve("tuned.wspan");
        EncodeOptions options = EncodeOptions.DEFAULT.withThreads(1);
        EncodedRecord base = RecordEncoder.encode(baseFile, List.of(), options, baseRecord, Progress.NONE);
        try (SafetensorsFile file = SafetensorsFile.open(baseFile)) {
            RecordEncoder.encode(
                    tunedFile,
                    List.of(new Reference(base.objectSha256(), base.fileSha256(), Role.ROLE_BASE, file, 0)),
                    options.keepingLayer(),
                    tunedRecord,
                    Progress.NONE);
        }
        byte[] record = Files.readAllBytes(tunedRecord);
        int partLength = (int) ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getLong(40);
        byte[] layer;
        try (RecordDecoder decoder = RecordDecoder.open(
                MappedSource.open(tunedRecord), (object, file) -> SafetensorsFile.open(baseFile),
                Verification.FULL)) {
            RecordDecoder first = decoder.layer().orElseThrow();
            layer = new byte[(int) first.length()];
            first.read(0, MemorySegment.ofArray(layer));
        }
        assertThat(layer).hasSameSizeAs(tuned).isNotEqualTo(tuned);
        server.object(Files.readAllBytes(baseRecord));
        server.object(record);
        String entry = "{\"path\":\"w.safetensors\",\"size\":" + tuned.length + ",\"sha256\":\"" + hex(tuned)
                + "\",\"object\":{\"kind\":\"record\",\"sha256\":\"" + hex(record) + "\",\"size\":" + record.length
                + "},\"layer\":{\"sha256\":\"" + hex(Arrays.copyOf(record, partLength)) + "\",\"size\":" + partLength
                + ",\"file_sha256\":\"" + hex(layer) + "\",\"dependencies\":[\"" + base.objectSha256().hex()
                + "\"]},\"dependencies\":[{\"object\":\"" + base.objectSha256().hex() + "\",\"size\":"
                + base.storedLength() + ",\"file_sha256\":\"" + base.fileSha256().hex() + "\",\"role\":\"base\"}]}";
        server.manifest(REPO, FaultServer.manifest(REPO, List.of(entry)));
        return new LayeredRepo(tuned, record, layer, partLength, base.storedLength());
    }

    static String hex(byte[] bytes) {
        return Digest.sha256(MemorySegment.ofArray(bytes)).hex();
    }

    private static byte[] safetensors(float[] weights) {
        byte[] header = ("{\"w\":{\"dtype\":\"F32\",\"shape\":[200," + weights.length / 200 + "],\"data_offsets\":[0,"
                + 4 * weights.length + "]}}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + header.length + Float.BYTES * weights.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (float weight : weights) {
            file.putFloat(weight);
        }
        return file.array();
    }
}
