package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.family.EncodeOptions;
import io.weightspan.codec.family.EncodedRecord;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordEncoder;
import io.weightspan.codec.family.Reference;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
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

/** A fine-tune that is stored against its base arrives as a record and is decoded on this side. */
@Timeout(120)
class RecordFetchTest {

    private static final int ELEMENTS = 200_000;
    private static final String REPO = "fam/tuned";

    @TempDir
    private Path folder;
    private FaultServer server;
    private byte[] tuned;
    private EncodedRecord base;
    private EncodedRecord record;

    @BeforeEach
    void encodeAndServe() throws IOException {
        server = new FaultServer();
        short[] weights = new short[ELEMENTS];
        Random random = new Random(1);
        for (int i = 0; i < ELEMENTS; i++) {
            weights[i] = (short) (Float.floatToIntBits((float) random.nextGaussian()) >>> 16);
        }
        Path baseFile = Files.write(folder.resolve("base.safetensors"), safetensors(weights));
        for (int i = 0; i < ELEMENTS; i += 3) {
            weights[i] ^= (short) random.nextInt(4);
        }
        tuned = safetensors(weights);
        Path tunedFile = Files.write(folder.resolve("tuned.safetensors"), tuned);
        EncodeOptions options = EncodeOptions.DEFAULT.withThreads(1);
        Path baseRecord = folder.resolve("base.wspan");
        Path tunedRecord = folder.resolve("tuned.wspan");
        base = RecordEncoder.encode(baseFile, List.of(), options, baseRecord, Progress.NONE);
        try (SafetensorsFile reference = SafetensorsFile.open(baseFile)) {
            record = RecordEncoder.encode(tunedFile,
                    List.of(new Reference(base.objectSha256(), base.fileSha256(), Role.ROLE_BASE, reference, 0)),
                    options, tunedRecord, Progress.NONE);
        }
        assertThat(record.dependencies()).hasSize(1);
        server.object(Files.readAllBytes(baseRecord));
        server.object(Files.readAllBytes(tunedRecord));
        server.manifest(REPO, FaultServer.manifest(REPO, List.of(entry(record.fileSha256(), dependency()))));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void decodesTheRecordAgainstItsBase() throws IOException {
        FetchResult result = fetch();

        assertThat(folder.resolve("to/w.safetensors")).hasBinaryContent(tuned);
        assertThat(result.downloadedBytes()).isEqualTo(base.storedLength() + record.storedLength());
        assertThat(server.objectRequests()).hasSize(2);
    }

    @Test
    void readsTensorsWithoutWritingTheFile() throws IOException {
        try (HubClient hub = open()) {
            Manifest.File file = hub.resolve(RepoName.parse(REPO)).file("w.safetensors").orElseThrow();
            try (DecodedFile decoded = hub.openFile(file, Progress.NONE)) {
                TensorInfo tensor = decoded.tensors().getFirst();
                byte[] part = new byte[1001];
                long offset = decoded.schemaLength() + tensor.begin() + 150_001;
                decoded.read(offset, MemorySegment.ofArray(part));
                assertThat(part)
                        .isEqualTo(Arrays.copyOfRange(tuned, (int) offset, (int) offset + part.length));
            }
        }
        assertThat(folder.resolve("to")).doesNotExist();
    }

    @Test
    void getsAgainWhatWasDamagedInTheCache() throws IOException {
        try (HubClient hub = open()) {
            hub.openFile(hub.resolve(RepoName.parse(REPO)).files().getFirst(), Progress.NONE).close();
        }
        String hex = base.objectSha256().hex();
        Path cached = folder.resolve("cache/objects").resolve(hex.substring(0, 2)).resolve(hex.substring(2));
        byte[] damaged = Files.readAllBytes(cached);
        damaged[damaged.length / 2] ^= 1;
        Files.write(cached, damaged);

        fetch();
        assertThat(folder.resolve("to/w.safetensors")).hasBinaryContent(tuned);
    }

    @Test
    void refusesARecordOfAnotherFile() {
        server.manifest(REPO, FaultServer.manifest(REPO, List.of(entry(base.fileSha256(), dependency()))));
        assertThatThrownBy(this::fetch).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.WRONG_FILE));
        assertThat(folder.resolve("to")).isEmptyDirectory();
    }

    @Test
    void refusesARecordWhoseBaseTheManifestDoesNotName() {
        server.manifest(REPO, FaultServer.manifest(REPO, List.of(entry(record.fileSha256(), ""))));
        assertThatThrownBy(this::fetch).isInstanceOfSatisfying(ContainerException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.MISSING_DEPENDENCY));
        assertThat(folder.resolve("to")).isEmptyDirectory();
    }

    private String dependency() {
        return "{\"object\":\"" + base.objectSha256().hex() + "\",\"size\":" + base.storedLength()
                + ",\"file_sha256\":\"" + base.fileSha256().hex() + "\",\"role\":\"base\"}";
    }

    private String entry(Digest fileSha256, String dependency) {
        return "{\"path\":\"w.safetensors\",\"size\":" + tuned.length + ",\"sha256\":\"" + fileSha256.hex()
                + "\",\"object\":{\"kind\":\"record\",\"sha256\":\"" + record.objectSha256().hex() + "\",\"size\":"
                + record.storedLength() + "},\"dependencies\":[" + dependency + "]}";
    }

    private FetchResult fetch() throws IOException {
        try (HubClient hub = open()) {
            return hub.fetch(hub.resolve(RepoName.parse(REPO)), folder.resolve("to"), false, FetchListener.NONE);
        }
    }

    private HubClient open() throws IOException {
        HubOptions options = HubOptions.defaults().withCacheDirectory(folder.resolve("cache"))
                .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10));
        return HubClient.open(server.address(), options, _ -> {});
    }

    private static byte[] safetensors(short[] weights) {
        byte[] header = ("{\"w\":{\"dtype\":\"BF16\",\"shape\":[" + weights.length + "],\"data_offsets\":[0,"
                + 2 * weights.length + "]}}").getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Long.BYTES + header.length + Short.BYTES * weights.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (short weight : weights) {
            file.putShort(weight);
        }
        return file.array();
    }
}
