package io.weightspan.server.xet;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.GarbageCollector;
import io.weightspan.server.repo.PackListener;
import io.weightspan.server.serve.TestHub;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What hf_xet 1.8.0 sent for three files, the same with faults, and requests that no client makes. In xorb.bin and
 * shard.bin beside this class a text is one chunk of LZ4, floats are three of grouped bytes, noise is stored as it is.
 */
class XetHandlerTest {

    private static final String XORB_NAME = "d51fbd4e228818960a5b9c361e07bd388bc7dc64b3b91db1f0d0c6e242d33949";
    private static final String XORB = "/v1/xorbs/default/" + XORB_NAME;
    private static final String SHARD = "/v1/shards";

    /** As sha256sum prints them. */
    private static final String TEXT = "c31d5b63f6d8f6307e1d2225bc9e1a418ee2b1f803b16100c8da5f0be26f882d";
    private static final String FLOATS = "93710d37af93d7cc9028a43f286dda471dd534557e08adfd344adb1790d0c6ba";
    private static final String NOISE = "feab7bf8e01a75611bcf8ec1e6db51158ecfb030acc56ae282bc7c92ceb57bfe";

    /** Where the floats' record begins in the shard; their only term is behind it. */
    private static final int FLOATS_AT = 48;

    private static final int TERM_AT = FLOATS_AT + 48;

    @TempDir
    private Path folder;

    private TestHub hub;

    @BeforeEach
    void start() throws Exception {
        hub = new TestHub(folder);
        assertThat(hub.send("POST", "/api/repos/create", utf8("{\"name\":\"m\"}"), hub.ann()).statusCode())
                .isEqualTo(200);
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    @Test
    void makesTheFilesThatAClientSent() throws Exception {
        Cas token = token();
        assertThat(text(send(XORB, resource("xorb.bin"), token))).isEqualTo("{\"was_inserted\":true}");
        assertThat(text(send(SHARD, resource("shard.bin"), token))).isEqualTo("{\"result\":1}");
        // Who has not heard the answer sends all of it again.
        assertThat(text(send(XORB, resource("xorb.bin"), token))).isEqualTo("{\"was_inserted\":false}");
        assertThat(text(send(SHARD, resource("shard.bin"), token))).isEqualTo("{\"result\":1}");
        String commit = "{\"key\":\"header\",\"value\":{\"summary\":\"s\"}}\n" + line("a.txt", TEXT, 38_890)
                + line("b.bin", FLOATS, 40_000) + line("c.bin", NOISE, 32_000);
        assertThat(hub.send("POST", "/api/models/ann/m/commit/main", utf8(commit), hub.ann()).statusCode())
                .isEqualTo(200);
        assertThat(Files.readAllLines(hub.auditLog()))
                .filteredOn(line -> line.contains("/api/xet/"))
                .hasSize(4)
                .allMatch(line -> line.contains("\"caller\":\"ann\""));
        assertThat(sha256(get("/ann/m/resolve/main/a.txt"))).isEqualTo(TEXT);
        assertThat(sha256(get("/ann/m/resolve/main/b.bin"))).isEqualTo(FLOATS);
        assertThat(sha256(get("/ann/m/resolve/main/c.bin"))).isEqualTo(NOISE);
        assertThat(get("/ann/m/resolve/main/a.txt").body()).startsWith(utf8("line 0\nline 1\n"));
    }

    @Test
    void makesAFileOfPartsOfSeveralXorbs() throws Exception {
        Cas token = token();
        // Seven xorbs are more than are kept open at a time, and the first of them comes again.
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        ByteArrayOutputStream shard = new ByteArrayOutputStream();
        shard.writeBytes(Arrays.copyOf(resource("shard.bin"), 48));
        List<Integer> order = List.of(1, 2, 3, 4, 5, 6, 7, 1);
        shard.writeBytes(record(new byte[32], 0x40000000, order.size(), 0, 0));
        for (int each : order) {
            byte[] name = new byte[32];
            name[31] = (byte) each;
            byte[] xorb = xorb("a" + each, "bc" + each, "def" + each);
            assertThat(send("/v1/xorbs/default/" + HexFormat.of().formatHex(name), xorb, token).statusCode())
                    .isEqualTo(200);
            shard.writeBytes(record(turned(name), 0, 7, 1, 3));
            whole.writeBytes(utf8("bc" + each + "def" + each));
        }
        Digest sha256 = Digest.sha256(MemorySegment.ofArray(whole.toByteArray()));
        shard.writeBytes(record(turned(HexFormat.of().parseHex(sha256.hex())), 0, 0, 0, 0));
        shard.writeBytes(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});
        byte[] end = new byte[32];
        Arrays.fill(end, 0, 16, (byte) -1);
        shard.writeBytes(end);
        assertThat(text(send(SHARD, shard.toByteArray(), token))).isEqualTo("{\"result\":1}");
        assertThat(hub.store().size(sha256)).hasValue(56);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /v1/chunks/default-merkledb/" + XORB_NAME + ", 404",
        "GET, /v1/reconstructions/" + XORB_NAME + ", 404",
        "GET, " + XORB + ", 405",
        "GET, " + SHARD + ", 405",
        "POST, /v1/xorbs/default/zz, 400",
        "POST, /v1/xorbs/default/..%2F..%2Fx, 400",
        "POST, /v1/xorbs/other/" + XORB_NAME + ", 404",
        "POST, /v1/xorb-grants/default/" + XORB_NAME + ", 404",
        "POST, /v2/shards, 404",
        "POST, /v1/shards, 400"
    })
    void tellsWhatThereIsNot(String method, String path, int status) throws Exception {
        Cas cas = token();
        HttpResponse<byte[]> answer = hub.send(method, cas.path() + path, new byte[0], cas.token());
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(status);
    }

    @Test
    void tellsThatALaterVersionIsNotHereWhateverTheLength() throws Exception {
        assertThat(send("/v2/shards", new byte[1 << 20], token()).statusCode()).isEqualTo(404);
    }

    @Test
    void takesNothingWithoutATokenOfItsOwn() throws Exception {
        String route = "/api/models/ann/m/xet-write-token/main";
        assertThat(hub.send("GET", route, new byte[0], null).statusCode()).isEqualTo(401);
        assertThat(hub.send("GET", route, new byte[0], hub.ray()).statusCode()).isEqualTo(403);
        assertThat(hub.send("GET", "/api/models/ann/m/xet-write-token/none", new byte[0], hub.ann()).statusCode())
                .isEqualTo(404);
        assertThat(hub.send("GET", "/api/models/ann/n/xet-write-token/main", new byte[0], hub.ann()).statusCode())
                .isEqualTo(404);
        Cas good = token();
        String token = good.token();
        String changed = token.substring(1) + (token.endsWith("a") ? "b" : "a");
        for (String bad : List.of(hub.ann(), changed, token.substring(1), "a", "*", "a".repeat(2000))) {
            HttpResponse<byte[]> answer = send(XORB, resource("xorb.bin"), new Cas(good.path(), bad));
            assertThat(answer.statusCode()).as(bad).isEqualTo(401);
        }
        assertThat(hub.send("POST", good.path() + XORB, resource("xorb.bin"), null).statusCode()).isEqualTo(401);
        String other = good.path().replace("/m/", "/n/");
        assertThat(send(XORB, resource("xorb.bin"), new Cas(other, token)).statusCode()).isEqualTo(401);
        assertThat(xorbs()).isEmpty();
    }

    @Test
    void knowsWhatItWasSentForOneRepositoryOnlyForThat() throws Exception {
        hub.send("POST", "/api/repos/create", utf8("{\"name\":\"n\"}"), hub.ann());
        assertThat(send(XORB, resource("xorb.bin"), token()).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> answer = send(SHARD, resource("shard.bin"), token("n"));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer)).contains(XORB_NAME).contains("was not sent");
        assertThat(hub.store().keys("uploads/")).isEmpty();
    }

    /** The first chunk's header is the version, 3 bytes of length, the way of compression and 3 bytes of length. */
    @ParameterizedTest
    @CsvSource({
        "0, 1, is of version 1",
        "4, 3, unknown way",
        "3, 255, has 38890 bytes",
        "7, 255, bytes"
    })
    void refusesAXorbWhoseHeaderLies(int offset, int value, String message) throws Exception {
        byte[] xorb = resource("xorb.bin");
        xorb[offset] = (byte) value;
        HttpResponse<byte[]> answer = send(XORB, xorb, token());
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(text(answer)).contains("chunk 0").contains(message);
        assertThat(xorbs()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 1000, 16_394, 16_396, 73_693})
    void refusesAXorbThatEndsEarly(int length) throws Exception {
        HttpResponse<byte[]> answer = send(XORB, Arrays.copyOf(resource("xorb.bin"), length), token());
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(400);
        assertThat(xorbs()).isEmpty();
    }

    @Test
    void asksForAllAnewOnceAXorbWasRemoved() throws Exception {
        Cas before = token();
        assertThat(send(XORB, resource("xorb.bin"), before).statusCode()).isEqualTo(200);
        assertThat(token().path()).isEqualTo(before.path());
        collect();
        assertThat(xorbs()).isEmpty();
        Cas after = token();
        assertThat(after.path()).isNotEqualTo(before.path());
        // A client that was told the address before goes on with what it sends itself.
        assertThat(send(SHARD, resource("shard.bin"), before).statusCode()).isEqualTo(400);
        assertThat(send(XORB, resource("xorb.bin"), before).statusCode()).isEqualTo(200);
        assertThat(send(SHARD, resource("shard.bin"), before).statusCode()).isEqualTo(200);
        assertThat(hub.store().keys("uploads/")).hasSize(3);
        collect();
        assertThat(hub.store().keys("uploads/")).isEmpty();
    }

    @Test
    void leavesTheFooterOfOlderClientsAlone() throws Exception {
        byte[] xorb = resource("xorb.bin");
        byte[] longer = Arrays.copyOf(xorb, xorb.length + 20);
        System.arraycopy(utf8("XETBLOB"), 0, longer, xorb.length, 7);
        Cas token = token();
        assertThat(send(XORB, longer, token).statusCode()).isEqualTo(200);
        assertThat(send(SHARD, resource("shard.bin"), token).statusCode()).isEqualTo(200);
    }

    @Test
    void refusesFilesOfChunksThatAreDamaged() throws Exception {
        for (int offset : new int[] {9, 30, 17_000, 60_000}) {
            byte[] xorb = resource("xorb.bin");
            xorb[offset] ^= 1;
            // Files that are whole are kept, and known when they are sent again.
            hub.send("POST", "/api/repos/create", utf8("{\"name\":\"r" + offset + "\"}"), hub.ann());
            Cas token = token("r" + offset);
            assertThat(send(XORB, xorb, token).statusCode()).isEqualTo(200);
            HttpResponse<byte[]> answer = send(SHARD, resource("shard.bin"), token);
            assertThat(answer.statusCode()).as(offset + ": " + text(answer)).isEqualTo(400);
        }
        // Once the right bytes come, all is well.
        assertThat(send(XORB, resource("xorb.bin"), token()).statusCode()).isEqualTo(200);
        assertThat(send(SHARD, resource("shard.bin"), token()).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, this is no shard",
        "32, 3, is of version 3",
        // a count of terms that the shard has no room for
        "87, 1, ends within file 0",
        // of the floats' flags: no SHA-256
        "83, -128, has no SHA-256",
        // of the first term: the xorb, the bytes, the first chunk, the chunk behind the last
        "96, 0, which was not sent",
        "132, 1, not 39937 as the shard says",
        "136, 9, has chunks 9 to 4",
        "139, -1, has chunks",
        "140, 6, 'names chunk 5 of xorb'",
        "143, 127, names chunk",
        // of the SHA-256
        "192, 0, as announced"
    })
    void refusesAShardThatLies(int offset, int value, String message) throws Exception {
        Cas token = token();
        assertThat(send(XORB, resource("xorb.bin"), token).statusCode()).isEqualTo(200);
        byte[] shard = resource("shard.bin");
        shard[offset] = (byte) value;
        HttpResponse<byte[]> answer = send(SHARD, shard, token);
        assertThat(answer.statusCode()).as(text(answer)).isEqualTo(400);
        assertThat(text(answer)).contains(message);
        assertThat(hub.store().keys("uploads/")).isEmpty();
        assertThat(hub.store().exists(Digest.of(FLOATS))).isFalse();
        assertThat(send(SHARD, resource("shard.bin"), token).statusCode()).isEqualTo(200);
    }

    @Test
    void refusesAShardThatEndsEarly() throws Exception {
        Cas token = token();
        byte[] shard = resource("shard.bin");
        for (int length = 0; length < TERM_AT + 3 * 48; length += 37) {
            HttpResponse<byte[]> answer = send(SHARD, Arrays.copyOf(shard, length), token);
            assertThat(answer.statusCode()).as(length + ": " + text(answer)).isEqualTo(400);
        }
    }

    /** An address to send to, and the token for it. */
    private record Cas(String path, String token) {}

    private void collect() throws IOException {
        new GarbageCollector(hub.store())
                .run(new GarbageCollector.Request(Duration.ZERO, false, 1), PackListener.NONE);
    }

    private List<String> xorbs() throws IOException {
        return hub.store().keys("xet/").stream().filter(key -> !key.endsWith("/generation")).toList();
    }

    private Cas token() throws IOException, InterruptedException {
        return token("m");
    }

    private Cas token(String repo) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer =
                hub.send("GET", "/api/models/ann/" + repo + "/xet-write-token/main", new byte[0], hub.ann());
        JsonNode json = JsonMapper.shared().readTree(answer.body());
        String url = json.path("casUrl").stringValue();
        assertThat(url).matches(hub.url() + "/api/xet/ann/" + repo + "/[0-9a-f]{16}");
        assertThat(json.path("exp").longValue()).isGreaterThan(System.currentTimeMillis() / 1000 + 3000);
        return new Cas(url.substring(hub.url().length()), json.path("accessToken").stringValue());
    }

    private HttpResponse<byte[]> send(String path, byte[] body, Cas cas) throws IOException, InterruptedException {
        return hub.send("POST", cas.path() + path, body, cas.token());
    }

    private HttpResponse<byte[]> get(String path) throws IOException, InterruptedException {
        return hub.send("GET", path, new byte[0], null);
    }

    private static String line(String path, String sha256, int size) {
        return "{\"key\":\"lfsFile\",\"value\":{\"path\":\"" + path + "\",\"algo\":\"sha256\",\"oid\":\"" + sha256
                + "\",\"size\":" + size + "}}\n";
    }

    /** Makes a xorb of chunks that are stored as they are. */
    private static byte[] xorb(String... chunks) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (String chunk : chunks) {
            int size = chunk.length();
            out.writeBytes(new byte[] {0, (byte) size, 0, 0, 0, (byte) size, 0, 0});
            out.writeBytes(utf8(chunk));
        }
        return out.toByteArray();
    }

    private static byte[] record(byte[] hash, int... numbers) {
        ByteBuffer record = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN).put(hash);
        Arrays.stream(numbers).forEach(record::putInt);
        return record.array();
    }

    /** Turns each group of 8 bytes round. */
    private static byte[] turned(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        ByteBuffer out = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            out.putLong(in.getLong());
        }
        return out.array();
    }

    private static String sha256(HttpResponse<byte[]> answer) {
        return Digest.sha256(MemorySegment.ofArray(answer.body())).hex();
    }

    private static String text(HttpResponse<byte[]> answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = requireNonNull(XetHandlerTest.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        }
    }
}
