package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Hub's API for writing, asked as clients never would; what they do ask is tested with the clients. */
class HubWriteTest {

    private static final String HEADER = "{\"key\":\"header\",\"value\":{\"summary\":\"s\",\"description\":\"\"}}\n";

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private TestHub hub;
    private ObjectStore store;
    private String ann;
    private String admin;
    private String reader;
    private String old;

    @BeforeEach
    void start() throws Exception {
        hub = new TestHub(folder);
        store = hub.store();
        ann = hub.ann();
        admin = hub.admin();
        reader = hub.ray();
        old = hub.expired();
        assertThat(post("/api/repos/create", "{\"name\":\"m\"}", ann).statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        hub.close();
    }

    @Test
    void streamsALineThatIsLargerThanAnyBuffer() throws Exception {
        byte[] data = new byte[30_000_001];
        new Random(5).nextBytes(data);
        String body = HEADER + file("big.bin", data) + file("small.txt", "x".getBytes(StandardCharsets.UTF_8));
        HttpResponse<String> answer = commit(body, ann);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        String sha256 = Digest.sha256(MemorySegment.ofArray(data)).hex();
        HttpResponse<byte[]> back = client.send(
                request("/ann/m/resolve/main/big.bin", null).GET().build(), BodyHandlers.ofByteArray());
        assertThat(back.headers().firstValue("ETag")).hasValue("\"" + sha256 + "\"");
        assertThat(back.body()).isEqualTo(data);
    }

    @Test
    void refusesAFileThatTheRepositoryWasNeverSent() throws Exception {
        assertThat(commit(HEADER + file("a.bin", new byte[] {1}), ann).statusCode()).isEqualTo(200);
        String sha256 = Digest.sha256(MemorySegment.ofArray(new byte[] {1})).hex();
        post("/api/repos/create", "{\"name\":\"other\"}", ann);
        String line =
                "{\"key\":\"lfsFile\",\"value\":{\"path\":\"b.bin\",\"algo\":\"sha256\",\"oid\":\"" + sha256 + "\"}}\n";
        HttpResponse<String> stolen = post("/api/models/ann/other/commit/main", HEADER + line, ann);
        assertThat(stolen.statusCode()).isEqualTo(400);
        assertThat(stolen.body()).contains("never sent");
        // Within its own repository a file may be named by what it is.
        assertThat(commit(HEADER + line, ann).statusCode()).isEqualTo(200);
        assertThat(get("/ann/m/resolve/main/b.bin", null).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nothing",
                "[]",
                "{\"key\":\"header\"",
                "{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"Y*==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"YQ==\",\"encoding\":\"rot13\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"../a\",\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"/a\",\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\\u0000\",\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\\\\b\",\"content\":\"YQ==\"}}",
                "HEADER{\"key\":\"lfsFile\",\"value\":{\"path\":\"a\",\"oid\":\"zz\"}}",
                "HEADER{\"key\":\"deletedFile\",\"value\":{\"path\":\"a\"}}",
                "HEADER{\"key\":\"deletedFolder\",\"value\":{\"path\":\"a\"}}",
                "HEADER{\"key\":\"other\",\"value\":{}}",
                "HEADERHEADER",
                "HEADER{\"key\":\"file\",\"value\":{\"path\":\"a\",\"content\":\"YQ==\"}}"
                        + "{\"key\":\"file\",\"value\":{\"path\":\"a/b\",\"content\":\"YQ==\"}}",
                "{\"key\":\"header\",\"value\":{\"summary\":\"s\",\"parentCommit\":\"main\"}}",
            })
    void refusesACommitThatIsNone(String body) throws Exception {
        HttpResponse<String> answer = commit(body.replace("HEADER", HEADER), ann);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
        assertThat(answer.headers().firstValue("X-Error-Message")).isPresent();
        assertThat(new Repositories(store).resolve(RepoId.of("ann/m"), "main").files()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /api/repos/create, 401, 403, 403, 200",
        "POST, /api/models/ann/m/commit/main, 401, 403, 200, 200",
        "POST, /api/models/ann/m/branch/b, 401, 403, 200, 200",
        "PUT, /api/models/ann/m/settings, 401, 403, 200, 200",
        "GET, /api/models/ann/m/auth-check/write, 401, 403, 200, 200",
        "GET, /api/whoami-v2, 401, 200, 200, 200",
    })
    void lessThanTheRoleThatIsNeededIsRefused(
            String method, String path, int none, int read, int write, int all) throws Exception {
        String body = path.contains("commit") ? HEADER + file("a", new byte[] {1}) : "{\"name\":\"bob/x\"}";
        assertThat(status(method, path, body, null)).isEqualTo(none);
        assertThat(status(method, path, body, reader)).isEqualTo(read);
        assertThat(status(method, path, body, old)).isEqualTo(401);
        assertThat(status(method, path, body, "wst_nonsense")).isEqualTo(401);
        assertThat(status(method, path, body, ann)).isEqualTo(write);
        if (!path.endsWith("/b")) {
            assertThat(status(method, path, body, admin)).isEqualTo(all);
        }
    }

    @Test
    void hidesWhatIsPrivateFromEveryRoute() throws Exception {
        commit(HEADER + file("a.bin", new byte[] {1, 2, 3}), ann);
        String sha256 = Digest.sha256(MemorySegment.ofArray(new byte[] {1, 2, 3})).hex();
        List<String> paths = List.of(
                "/api/models/ann/m", "/api/models/ann/m/tree/main", "/api/models/ann/m/refs",
                "/ann/m/resolve/main/a.bin",
                "/api/models/ann/m/commits/main", "/api/weightspan/v1/repos/ann/m/revision/main",
                "/api/weightspan/v1/objects/" + sha256);
        for (String path : paths) {
            assertThat(get(path, null).statusCode()).as(path).isEqualTo(200);
        }
        assertThat(status("PUT", "/api/models/ann/m/settings", "{\"private\":true}", ann)).isEqualTo(200);
        for (String path : paths) {
            assertThat(get(path, null).statusCode()).as(path).isIn(401, 404);
            assertThat(get(path, reader).statusCode()).as(path).isEqualTo(200);
        }
        assertThat(get("/api/models", null).body()).isEqualTo("[]");
        assertThat(status("PUT", "/api/models/ann/m/settings", "{\"private\":false,\"gated\":\"auto\"}", ann))
                .isEqualTo(200);
        assertThat(get("/api/models/ann/m", null).statusCode()).isEqualTo(200);
        HttpResponse<String> gated = get("/ann/m/resolve/main/a.bin", null);
        assertThat(gated.statusCode()).isEqualTo(401);
        assertThat(gated.headers().firstValue("X-Error-Code")).hasValue("GatedRepo");
        assertThat(get(paths.getLast(), null).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\":\"..\"}", "{\"name\":\"a/../b\"}", "{\"name\":\"ann/%2e%2e\"}",
                "{\"name\":\"ann/a\\u0000\"}",
                "{\"name\":\"ann/a∕b\"}", "{}", "[]", "{\"name\":1}", "{\"name\":\"x\",\"type\":\"dataset\"}", "x",
            })
    void refusesARepositoryThatCantBe(String body) throws Exception {
        assertThat(post("/api/repos/create", body, admin).statusCode()).isEqualTo(400);
    }

    @Test
    void refusesNamesThatCantBe() throws Exception {
        assertThat(post("/api/models/ann/m/branch/a%252F..%252Fb", "{}", ann).statusCode()).isEqualTo(400);
        assertThat(post("/api/models/ann/m/branch/..%2Fb", "{}", ann).statusCode()).isEqualTo(400);
        assertThat(post("/api/models/ann/m/tag/main", "{\"tag\":\"../../x\"}", ann).statusCode()).isEqualTo(400);
        assertThat(post("/api/models/ann/m/tag/none", "{\"tag\":\"t\"}", ann).statusCode()).isEqualTo(404);
        assertThat(status("DELETE", "/api/models/ann/m/branch/main", "", ann)).isEqualTo(400);
        assertThat(new Repositories(store).refs(RepoId.of("ann/m")).branches().keySet()).containsExactly("main");
    }

    @Test
    void lfsTakesWhatWasAnnouncedAndNothingElse() throws Exception {
        byte[] data = {1, 2, 3, 4};
        String oid = Digest.sha256(MemorySegment.ofArray(data)).hex();
        String batch = "{\"operation\":\"upload\",\"objects\":[{\"oid\":\"" + oid + "\",\"size\":4}]}";
        String lfs = "/ann/m.git/info/lfs/objects/";
        assertThat(status("POST", lfs + "batch", batch, null)).isEqualTo(401);
        assertThat(status("POST", lfs + "batch", batch, reader)).isEqualTo(403);
        assertThat(status("POST", lfs + "batch", "{", ann)).isEqualTo(422);
        assertThat(status("POST", lfs + "batch", "{\"operation\":\"steal\",\"objects\":[]}", ann)).isEqualTo(422);
        JsonNode answer = JsonMapper.shared().readTree(post(lfs + "batch", batch, ann).body());
        String href = answer.at("/objects/0/actions/upload/href").stringValue();
        assertThat(href).startsWith(hub.url() + lfs + oid);
        String verify = "{\"oid\":\"" + oid + "\",\"size\":4}";
        assertThat(status("POST", lfs + "verify", verify, ann)).isEqualTo(404);
        assertThat(put(href, new byte[] {1, 2, 3, 5})).isEqualTo(422);
        assertThat(put(href, new byte[] {1, 2, 3})).isEqualTo(422);
        assertThat(put(href.replace("size=4", "size=5"), data)).isEqualTo(403);
        assertThat(put(href.replaceAll("expires=[0-9]+", "expires=99999999999"), data)).isEqualTo(403);
        assertThat(put(href.replace("/ann/m.git", "/ann/n.git"), data)).isEqualTo(403);
        assertThat(put(href.substring(0, href.length() - 1), data)).isEqualTo(403);
        assertThat(status("POST", lfs + "verify", verify, ann)).isEqualTo(404);
        assertThat(put(href, data)).isEqualTo(200);
        assertThat(status("POST", lfs + "verify", verify, ann)).isEqualTo(200);
        String line = "{\"key\":\"lfsFile\",\"value\":{\"path\":\"l.bin\",\"oid\":\"" + oid + "\",\"size\":%d}}\n";
        assertThat(commit(HEADER + line.formatted(5), ann).statusCode()).isEqualTo(400);
        assertThat(commit(HEADER + line.formatted(4), ann).statusCode()).isEqualTo(200);
        assertThat(get("/ann/m/resolve/main/l.bin", null).body()).isEqualTo("\1\2\3\4");
    }

    @Test
    void theAuditLogNamesWhoseASignedAddressIs() throws Exception {
        byte[] data = {1, 2, 3, 4};
        String oid = Digest.sha256(MemorySegment.ofArray(data)).hex();
        String batch = "{\"operation\":\"upload\",\"objects\":[{\"oid\":\"" + oid + "\",\"size\":4}]}";
        JsonNode answer = JsonMapper.shared().readTree(post("/ann/m.git/info/lfs/objects/batch", batch, ann).body());
        String href = answer.at("/objects/0/actions/upload/href").stringValue();
        assertThat(put(href.replace("by=ann", "by=root"), data)).isEqualTo(403);
        assertThat(put(href.replace("&by=ann", ""), data)).isEqualTo(403);
        assertThat(put(href, new byte[] {1, 2, 3, 5})).isEqualTo(422);
        assertThat(put(href, data)).isEqualTo(200);
        List<String> puts = Files.readAllLines(hub.auditLog()).stream()
                .map(JsonMapper.shared()::readTree)
                .filter(line -> line.path("method").asString().equals("PUT"))
                .map(line -> line.path("caller").asString("nobody") + " " + line.path("status").asInt())
                .toList();
        assertThat(puts).containsExactly("nobody 403", "nobody 403", "ann 422", "ann 200");
    }

    private int put(String href, byte[] body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(href)).PUT(BodyPublishers.ofByteArray(body)).build();
        return client.send(request, BodyHandlers.discarding()).statusCode();
    }

    @Test
    void aSquashedHistoryIsOneCommitOfTheSameFiles() throws Exception {
        for (String name : List.of("a.txt", "b.txt")) {
            String line = "{\"key\":\"file\",\"value\":{\"path\":\"" + name
                    + "\",\"content\":\"eA==\",\"encoding\":\"base64\"}}\n";
            assertThat(commit(HEADER + line, ann).statusCode()).isEqualTo(200);
        }
        String squash = "/api/models/ann/m/super-squash/";
        assertThat(status("POST", squash + "main", "{}", reader)).isEqualTo(403);
        assertThat(status("POST", squash + "none", "{}", ann)).isEqualTo(404);
        assertThat(status("POST", squash + "..%2Fmain", "{}", ann)).isEqualTo(400);
        assertThat(status("GET", squash + "main", "", ann)).isEqualTo(405);
        Repositories repositories = new Repositories(store);
        Commit before = repositories.head(RepoId.of("ann/m"));
        assertThat(repositories.history(before)).hasSize(3);
        assertThat(status("POST", squash + "main", "{\"message\":\"one\"}", ann)).isEqualTo(200);
        Commit after = repositories.head(RepoId.of("ann/m"));
        assertThat(repositories.history(after)).containsExactly(after);
        assertThat(after.files()).isEqualTo(before.files()).hasSize(2);
        assertThat(after.message()).isEqualTo("one");
        assertThat(after.author()).isEqualTo("ann");
    }

    @Test
    void losesNoCommitOfManyWriters() throws Exception {
        List<Callable<Integer>> writers = new ArrayList<>();
        for (int i = 0; i < 24; i++) {
            String name = "file-" + i;
            writers.add(() -> commit(HEADER + file(name, name.getBytes(StandardCharsets.UTF_8)), ann).statusCode());
        }
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Integer> done : threads.invokeAll(writers)) {
                assertThat(done.get()).isEqualTo(200);
            }
        }
        Repositories repositories = new Repositories(store);
        var head = repositories.resolve(RepoId.of("ann/m"), "main");
        assertThat(head.files()).hasSize(24);
        assertThat(repositories.history(head)).hasSize(25);
    }

    @Test
    void aRevokedTokenIsWorthNothing() throws Exception {
        new TokenFile(folder.resolve("tokens.json")).change(all -> all.removeIf(each -> each.name().equals("ann")));
        Instant deadline = Instant.now().plusSeconds(20);
        int status = 200;
        while (status == 200 && Instant.now().isBefore(deadline)) {
            Thread.sleep(100);
            status = get("/api/whoami-v2", ann).statusCode();
        }
        assertThat(status).isEqualTo(401);
    }

    @Test
    void tellsWhereARepositoryIsThatWasThereBefore() throws Exception {
        HttpResponse<String> again = post("/api/repos/create", "{\"name\":\"m\",\"organization\":\"ann\"}", ann);
        assertThat(again.statusCode()).isEqualTo(409);
        JsonNode json = JsonMapper.shared().readTree(again.body());
        assertThat(json.path("url").stringValue()).isEqualTo(hub.url() + "/ann/m");
    }

    private HttpResponse<String> commit(String body, String token) throws IOException, InterruptedException {
        return post("/api/models/ann/m/commit/main", body, token);
    }

    private static String file(String path, byte[] content) {
        return "{\"key\":\"file\",\"value\":{\"content\":\"" + Base64.getEncoder().encodeToString(content)
                + "\",\"path\":\"" + path + "\",\"encoding\":\"base64\"}}\n";
    }

    private int status(String method, String path, String body, @Nullable String token)
            throws IOException, InterruptedException {
        return client.send(
                request(path, token).method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofString())
                .statusCode();
    }

    private HttpResponse<String> post(String path, String body, String token) throws IOException, InterruptedException {
        return client.send(
                request(path, requireNonNull(token)).POST(BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path, @Nullable String token) throws IOException, InterruptedException {
        return client.send(request(path, token).GET().build(), BodyHandlers.ofString());
    }

    private HttpRequest.Builder request(String path, @Nullable String token) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(hub.url() + path));
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }
}
