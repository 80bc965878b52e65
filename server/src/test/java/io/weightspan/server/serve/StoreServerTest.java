package io.weightspan.server.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.PackedRepo;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A store of a base and two fine-tunes, asked as the Hub's clients and our own ask it. */
class StoreServerTest {

    @TempDir
    private static Path folder;

    private static ObjectStore store;
    private static StoreServer server;
    private static HttpClient client;
    private static List<PackedRepo> packed;

    @BeforeAll
    static void start() throws IOException {
        Path base = TestModels.model(folder.resolve("fam/base"), 1, 0, 512);
        PackFolder one = new PackFolder(
                new RepoId("fam", "one"), TestModels.model(folder.resolve("fam/one"), 1, 2, 512), "fam");
        Path docs = folder.resolve("fam/one/docs");
        Files.writeString(docs.resolve("d ü.txt"), "odd name");
        Files.write(docs.resolve("empty.bin"), new byte[0]);
        store = Stores.openOrCreate(folder.resolve("store").toString());
        PackRequest request = new PackRequest(
                List.of(one), Optional.of(new PackFolder(new RepoId("fam", "base"), base, "fam")), Optional.empty(),
                "me", 2);
        packed = new Packer(store).pack(request, (task, bytes) -> done -> {});
        server = StoreServer.start(
                store, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), HttpLimits.DEFAULT, 1 << 20);
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() throws IOException {
        client.close();
        server.close();
        store.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"model.safetensors", "config.json", "training_args.bin", "docs/notes.txt", "docs/empty.bin"})
    void resolveGivesTheFileBack(String path) throws Exception {
        byte[] whole = Files.readAllBytes(folder.resolve("fam/one").resolve(path));
        HttpResponse<byte[]> get = get("/fam/one/resolve/main/" + path);
        assertThat(get.statusCode()).isEqualTo(200);
        assertThat(get.body()).isEqualTo(whole);
        HttpResponse<byte[]> head =
                send(HttpRequest.newBuilder(uri("/fam/one/resolve/" + commit("one") + "/" + path)).HEAD());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(header(head, "Content-Length")).isEqualTo(Integer.toString(whole.length));
        assertThat(header(head, "X-Repo-Commit")).isEqualTo(commit("one"));
        assertThat(header(head, "Accept-Ranges")).isEqualTo("bytes");
        assertThat(header(head, "ETag")).matches("\"[0-9a-f]{40}([0-9a-f]{24})?\"");
        assertThat(header(head, "Cache-Control")).contains("immutable");
        assertThat(header(get, "Cache-Control")).isEqualTo("no-cache");
    }

    @Test
    void whereThereAreNoTokensNobodySignsIn() throws Exception {
        HttpResponse<byte[]> home = send(HttpRequest.newBuilder(uri("/")).header("Accept", "text/html"));
        assertThat(new String(home.body(), StandardCharsets.UTF_8))
                .contains("fam/one")
                .doesNotContain("/login")
                .doesNotContain("/logout");
        HttpRequest.Builder login = HttpRequest.newBuilder(uri("/login")).header("Accept", "text/html");
        assertThat(send(login).statusCode()).isEqualTo(404);
    }

    @Test
    void resolveTellsLargeFilesByTheirSha256() throws Exception {
        byte[] whole = Files.readAllBytes(folder.resolve("fam/one/model.safetensors"));
        String sha256 = Digest.ofBytes(Digest.newHash().digest(whole)).hex();
        HttpResponse<byte[]> head =
                send(HttpRequest.newBuilder(uri("/fam/one/resolve/main/model.safetensors")).HEAD());
        assertThat(header(head, "ETag")).isEqualTo('"' + sha256 + '"');
        assertThat(header(head, "X-Linked-Etag")).isEqualTo('"' + sha256 + '"');
        assertThat(header(head, "X-Linked-Size")).isEqualTo(Integer.toString(whole.length));
        assertThat(head.headers().map()).doesNotContainKeys("x-xet-hash", "location", "content-encoding");
    }

    @Test
    void resolveGivesRangesOfARecord() throws Exception {
        byte[] whole = Files.readAllBytes(folder.resolve("fam/one/model.safetensors"));
        for (int first : new int[] {0, 1, 7, 8, 300, 131_071, 131_300, whole.length - 1}) {
            int last = Math.min(whole.length, first + 70_001) - 1;
            HttpResponse<byte[]> part = get(
                    "/fam/one/resolve/main/model.safetensors", "Range", "bytes=" + first + "-" + last);
            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole, first, last + 1));
        }
        assertThat(get("/fam/one/resolve/main/config.json", "Range", "bytes=0-100000").statusCode())
                .isEqualTo(206);
        assertThat(get("/fam/one/resolve/main/config.json", "Range", "bytes=100000-").statusCode())
                .isEqualTo(416);
    }

    @Test
    void resolveDecodesNames() throws Exception {
        String path = "/fam/one/resolve/refs%2Fheads%2Fmain/docs/d%20%C3%BC.txt";
        assertThat(new String(get(path).body(), StandardCharsets.UTF_8)).isEqualTo("odd name");
        assertThat(get("/fam/one/resolve/main/docs%2Fd%20%C3%BC.txt").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @CsvSource({
        "/nobody/none/resolve/main/x, 404, RepoNotFound",
        "/none/resolve/main/x, 404, RepoNotFound",
        "/a--b/c/resolve/main/x, 404, RepoNotFound",
        "/datasets/fam/one/resolve/main/x, 404, RepoNotFound",
        "/fam/one/resolve/none/x, 404, RevisionNotFound",
        "/fam/one/resolve/main/none, 404, EntryNotFound",
        "/fam/one/resolve/main/docs, 404, EntryNotFound",
        "/api/models/none, 404, RepoNotFound",
        "/api/models/fam/none, 404, RepoNotFound",
        "/api/models/fam/none/refs, 404, RepoNotFound",
        "/api/models/fam/none/auth-check, 404, RepoNotFound",
        "/api/models/none/revision/main, 404, RepoNotFound",
        "/api/models/fam/one/revision/none, 404, RevisionNotFound",
        "/api/models/fam/one/tree/main/none, 404, EntryNotFound",
        "/api/models/fam/one/tree/main/config.json, 404, EntryNotFound",
        "/api/models/fam/one/nothing, 404, ",
        "/api/datasets/fam/one, 404, RepoNotFound",
        "/api/spaces/fam/one/tree/main, 404, RepoNotFound",
        "/api/agent-harnesses, 404, ",
        "/api/whoami-v2, 401, ",
        "/api/models?limit=0, 400, ",
        "/api/models?cursor=x, 400, ",
        "/fam/one/resolve/main/..%2Fx, 400, ",
        "/api/weightspan/v1/objects/abc, 404, ObjectNotFound",
        "/api/weightspan/v1/repos/fam/none/revision/main, 404, RepoNotFound",
        "/api/weightspan/v1/repos/fam/one/revision/none, 404, RevisionNotFound",
    })
    void refusesAsClientsExpect(String path, int status, String code) throws Exception {
        HttpResponse<byte[]> answer = get(path);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.headers().firstValue("X-Error-Code")).isEqualTo(Optional.ofNullable(code));
        assertThat(answer.headers().firstValue("X-Error-Message")).isPresent();
        assertThat(json(answer).path("error").stringValue()).isNotEmpty();
        // Clients remember that a file isn't there only if they know at which commit.
        assertThat(answer.headers().firstValue("X-Repo-Commit").isPresent()).isEqualTo("EntryNotFound".equals(code));
    }

    @Test
    void listsModels() throws Exception {
        assertThat(json(get("/api/models")).findValuesAsString("id")).containsExactly("fam/base", "fam/one");
        assertThat(json(get("/api/models?search=ONE")).findValuesAsString("id")).containsExactly("fam/one");
        assertThat(json(get("/api/models?author=fam&filter=safetensors"))).hasSize(2);
        assertThat(json(get("/api/models?author=nobody"))).isEmpty();
        assertThat(json(get("/api/models?filter=none"))).isEmpty();
    }

    @Test
    void pagesListsByLink() throws Exception {
        HttpResponse<byte[]> first = get("/api/models?limit=1&search=a");
        String link = header(first, "Link");
        assertThat(json(first)).hasSize(1);
        assertThat(link).startsWith("<" + server.url()).endsWith("; rel=\"next\"");
        String next = link.substring(1, link.indexOf('>'));
        HttpResponse<byte[]> second = send(HttpRequest.newBuilder(URI.create(next)));
        assertThat(json(second).findValuesAsString("id")).containsExactly("fam/one");
        assertThat(second.headers().firstValue("Link")).isEmpty();
        HttpResponse<byte[]> tree = get("/api/models/fam/one/tree/main/docs?limit=1&recursive=True");
        assertThat(header(tree, "Link")).contains("/api/models/fam/one/tree/main/docs?").contains("cursor=1");
        assertThat(header(get("/api/models?limit=1", "X-Forwarded-Host", "hub.example", "X-Forwarded-Proto", "https"),
                "Link"))
                .startsWith("<https://hub.example/api/models?");
        assertThat(get("/api/models?limit=1", "X-Forwarded-Host", "h\" onx").statusCode()).isEqualTo(400);
    }

    @Test
    void describesARevision() throws Exception {
        JsonNode info = json(get("/api/models/fam/one/revision/main?blobs=true"));
        assertThat(info.path("id").stringValue()).isEqualTo("fam/one");
        assertThat(info.path("sha").stringValue()).isEqualTo(commit("one"));
        assertThat(info.path("lastModified").stringValue())
                .matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
        assertThat(info.path("siblings").findValuesAsString("rfilename"))
                .containsExactly(
                        "config.json",
                        "docs/d ü.txt",
                        "docs/empty.bin",
                        "docs/notes.txt",
                        "model.safetensors",
                        "training_args.bin");
        JsonNode commits = json(get("/api/models/fam/one/commits/main"));
        assertThat(commits.path(0).path("id").stringValue()).isEqualTo(commit("one"));
        JsonNode refs = json(get("/api/models/fam/one/refs"));
        assertThat(refs.path("branches").path(0).path("targetCommit").stringValue()).isEqualTo(commit("one"));
        assertThat(refs.has("tags") && refs.has("converts") && refs.has("pullRequests")).isTrue();
    }

    @Test
    void listsTrees() throws Exception {
        JsonNode top = json(get("/api/models/fam/one/tree/main?recursive=false&expand=true"));
        assertThat(top.findValuesAsString("path"))
                .containsExactly("config.json", "docs", "model.safetensors", "training_args.bin");
        assertThat(top.path(1).path("type").stringValue()).isEqualTo("directory");
        JsonNode weights = top.path(2);
        assertThat(weights.path("lfs").path("oid").stringValue()).hasSize(64);
        assertThat(weights.path("lfs").path("size").longValue()).isEqualTo(weights.path("size").longValue());
        assertThat(weights.path("lfs").path("pointerSize").intValue()).isBetween(120, 140);
        assertThat(weights.has("xetHash")).isFalse();
        assertThat(weights.path("lastCommit").path("id").stringValue()).isEqualTo(commit("one"));
        assertThat(json(get("/api/models/fam/one/tree/main?recursive=true"))).hasSize(7);
        assertThat(json(get("/api/models/fam/one/tree/main/docs")).findValuesAsString("path"))
                .containsExactly("docs/d ü.txt", "docs/empty.bin", "docs/notes.txt");
    }

    @Test
    void tellsAboutPathsByFormAndByJson() throws Exception {
        HttpResponse<byte[]> form = send(HttpRequest.newBuilder(uri("/api/models/fam/one/paths-info/main"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("paths=config.json&paths=docs%2Fd+%C3%BC.txt&paths=none&expand=False")));
        assertThat(json(form).findValuesAsString("path")).containsExactly("config.json", "docs/d ü.txt");
        HttpResponse<byte[]> json = send(HttpRequest.newBuilder(uri("/api/models/fam/one/paths-info/main"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"paths\": [\"docs/\", \"none\"], \"expand\": true}")));
        assertThat(json(json).findValuesAsString("path")).containsExactly("docs");
        HttpResponse<byte[]> broken = send(HttpRequest.newBuilder(uri("/api/models/fam/one/paths-info/main"))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"paths\": [1")));
        assertThat(broken.statusCode()).isEqualTo(400);
        HttpResponse<byte[]> get = get("/api/models/fam/one/paths-info/main");
        assertThat(get.statusCode()).isEqualTo(405);
        assertThat(header(get, "Allow")).isEqualTo("POST");
    }

    /** SP-REV-001 to SP-REV-007, SP-OBJ-001 to SP-OBJ-003. */
    @Test
    void nativeApiGivesRecordsAndWhatTheyNeed() throws Exception {
        HttpResponse<byte[]> answer = get("/api/weightspan/v1/repos/fam/one/revision/main");
        assertThat(header(answer, "Cache-Control")).isEqualTo("no-cache");
        assertThat(header(get("/api/weightspan/v1/repos/fam/one/revision/" + commit("one")), "Cache-Control"))
                .isEqualTo("no-cache");
        JsonNode manifest = json(answer);
        assertThat(manifest.path("revision").stringValue()).isEqualTo(commit("one"));
        JsonNode weights = manifest.path("files").path(4);
        assertThat(weights.path("path").stringValue()).isEqualTo("model.safetensors");
        assertThat(weights.path("object").path("kind").stringValue()).isEqualTo("record");
        assertThat(weights.path("dependencies")).hasSize(1);
        assertThat(weights.path("dependencies").path(0).path("role").stringValue()).isEqualTo("base");
        for (JsonNode file : manifest.path("files")) {
            checkObject(file.path("object").path("sha256"), file.path("object").path("size"));
            for (JsonNode dependency : file.path("dependencies")) {
                checkObject(dependency.path("object"), dependency.path("size"));
            }
        }
    }

    @Test
    void tellsItsHealth() throws Exception {
        assertThat(get("/healthz").statusCode()).isEqualTo(200);
        assertThat(get("/readyz").statusCode()).isEqualTo(200);
        assertThat(get("/").statusCode()).isEqualTo(200);
        HttpResponse<byte[]> post = send(HttpRequest.newBuilder(uri("/healthz")).POST(BodyPublishers.noBody()));
        assertThat(post.statusCode()).isEqualTo(405);
    }

    private static void checkObject(JsonNode name, JsonNode size) throws Exception {
        String path = "/api/weightspan/v1/objects/" + name.stringValue();
        HttpResponse<byte[]> object = get(path);
        assertThat(Digest.ofBytes(Digest.newHash().digest(object.body())).hex()).isEqualTo(name.stringValue());
        assertThat(object.body()).hasSize(size.intValue());
        assertThat(header(object, "ETag")).isEqualTo('"' + name.stringValue() + '"');
        assertThat(header(object, "Cache-Control")).isEqualTo("public, max-age=31536000, immutable");
        if (size.intValue() > 10) {
            assertThat(get(path, "Range", "bytes=-3").body())
                    .isEqualTo(Arrays.copyOfRange(object.body(), size.intValue() - 3, size.intValue()));
        }
    }

    private static String commit(String name) {
        return packed.stream()
                .map(PackedRepo::commit)
                .filter(commit -> commit.repo().name().equals(name))
                .findFirst()
                .orElseThrow()
                .id();
    }

    private static HttpResponse<byte[]> get(String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path));
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    private static HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    private static URI uri(String path) {
        return URI.create(server.url() + path);
    }

    private static String header(HttpResponse<?> response, String name) {
        Map<String, List<String>> all = response.headers().map();
        return response.headers().firstValue(name).orElseThrow(() -> new AssertionError(name + " is missing: " + all));
    }

    private static JsonNode json(HttpResponse<byte[]> response) {
        return JsonMapper.shared().readTree(response.body());
    }
}
