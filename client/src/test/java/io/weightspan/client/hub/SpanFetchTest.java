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
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** At span a file arrives as the first part of its record, in one range, and decodes to what its layer tells. */
@Timeout(120)
class SpanFetchTest {
    private static final int ELEMENTS = 40_000;
    private static final String REPO = "fam/tuned";

    @TempDir
    private Path folder = Path.of("");

    private final FaultServer server = new FaultServer();
    private byte[] record = new byte[0];
    private byte[] layer = new byte[0];
    private int partLength;

    SpanFetchTest() throws IOException {}

    @AfterEach
    void stop() {
        server.close();
    }

    @BeforeEach
    void encodeAndServe() throws IOException {
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
        record = Files.readAllBytes(tunedRecord);
        partLength = (int) ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getLong(40);
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
    }

    @Test
    void oneRangeOfTheRecordIsFetched() throws IOException {
        HubOptions options = HubOptions.defaults().withCacheDirectory(folder.resolve("cache"))
                .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10));
        try (HubClient hub = HubClient.open(server.address(), options, _ -> {})) {
            Manifest manifest = hub.resolve(RepoName.parse(REPO));
            FetchResult result = hub.fetch(manifest.atSpan(), folder.resolve("near"), false, FetchListener.NONE);
            assertThat(folder.resolve("near/w.safetensors")).hasBinaryContent(layer);
            List<FaultServer.Seen> ofRecord = server.objectRequests().stream()
                    .filter(seen -> seen.path().endsWith(hex(record)))
                    .toList();
            assertThat(ofRecord).singleElement().satisfies(seen -> {
                assertThat(seen.range()).isEqualTo("bytes=0-" + (partLength - 1));
                assertThat(seen.ifRange()).isEqualTo("\"" + hex(record) + "\"");
            });
            assertThat(result.downloadedBytes()).isEqualTo(Files.size(folder.resolve("base.wspan")) + partLength);
            assertThat(partLength).isLessThan(record.length / 2);

            // The whole is another object: it is fetched when the file itself is wanted, and what it rests on is kept.
            hub.fetch(manifest, folder.resolve("whole"), false, FetchListener.NONE);
            assertThat(folder.resolve("whole/w.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("tuned.safetensors"));
            assertThat(server.objectRequests()).hasSize(3);
        }
    }

    private static String hex(byte[] bytes) {
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
