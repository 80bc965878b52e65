package io.weightspan.client.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weightspan.client.hub.PushResult.Outcome;
import io.weightspan.codec.family.Progress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hubs that misbehave, and the exact bytes that they get. Whole pushes to a real server are conformance-tests'. */
@Timeout(60)
class HubWriterTest {

    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** The status of an answer that does not arrive. */
    private static final int LOST = 0;

    @TempDir
    private Path folder;

    private final Map<String, List<Reply>> replies = new ConcurrentHashMap<>();
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final Map<String, byte[]> bodies = new ConcurrentHashMap<>();
    private final Map<String, String> tokens = new ConcurrentHashMap<>();
    private final Map<String, List<String>> types = new ConcurrentHashMap<>();
    private HttpServer server;

    private record Reply(int status, String body, Map<String, String> headers) {}

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        reply("POST /api/repos/create", 200, "{}");
        reply("POST /api/models/ann/m/preupload/main", 200,
                "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"regular\"},"
                        + "{\"path\":\"b.bin\",\"uploadMode\":\"lfs\"}]}");
        reply("POST /api/models/ann/m/commit/main", 200, "{\"commitOid\":\"" + COMMIT + "\"}");
        Files.writeString(folder.resolve("a.txt"), "small");
        Files.writeString(folder.resolve("b.bin"), "large");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void reply(String request, int status, String body) {
        replies.put(request, new ArrayList<>(List.of(new Reply(status, body, Map.of()))));
    }

    private void answer(HttpExchange exchange) throws IOException {
        String request = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
        seen.add(request);
        bodies.put(request, exchange.getRequestBody().readAllBytes());
        String token = exchange.getRequestHeaders().getFirst("Authorization");
        tokens.put(request, token == null ? "" : token);
        types.put(request, exchange.getRequestHeaders().getOrDefault("Content-Type", List.of()));
        List<Reply> queue = replies.getOrDefault(request, List.of(new Reply(404, "{}", Map.of())));
        Reply reply = queue.size() > 1 ? queue.removeFirst() : queue.getFirst();
        if (reply.status == LOST) {
            exchange.close();
            return;
        }
        reply.headers.forEach(exchange.getResponseHeaders()::set);
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        byte[] body = reply.body.getBytes(UTF_8);
        exchange.sendResponseHeaders(reply.status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private void batch(String href, String more) throws IOException {
        actions("{\"upload\":{\"href\":\"" + href + "\"}" + more + "}");
    }

    private void actions(String actions) throws IOException {
        String oid = ReadFile.of(found("b.bin"), Progress.NONE).sha256().hex();
        reply("POST /ann/m.git/info/lfs/objects/batch", 200,
                "{\"objects\":[{\"oid\":\"" + oid + "\",\"size\":5,\"actions\":" + actions + "}]}");
    }

    private LocalFiles.Found found(String name) throws IOException {
        return new LocalFiles.Found(name, folder.resolve(name), Files.size(folder.resolve(name)));
    }

    private PushResult push(PushListener listener) throws IOException {
        LocalFiles files = LocalFiles.find(folder, List.of(), List.of());
        HubOptions options = HubOptions.defaults().withToken("secret").withRetries(2);
        try (HubWriter hub = HubWriter.open(URI.create(url()), options, pause -> {})) {
            return hub.push(new PushRequest(RepoName.parse("ann/m"), files, "why", false, false), listener);
        }
    }

    @Test
    void sendsWhatTheHubAsksForAndThenTheCommit() throws IOException {
        batch(url() + "/put/here", ",\"verify\":{\"href\":\"" + url() + "/verify\"}");
        reply("PUT /put/here", 200, "");
        reply("POST /verify", 200, "");
        AtomicLong sent = new AtomicLong();
        PushResult result = push(new PushListener() {
            @Override
            public Progress sends(int files, long bytes) {
                assertThat(files).isEqualTo(2);
                assertThat(bytes).isEqualTo(10);
                return sent::addAndGet;
            }
        });
        assertThat(result.commit()).isEqualTo(COMMIT);
        assertThat(result.files()).extracting(PushResult.Pushed::outcome).containsOnly(Outcome.SENT);
        assertThat(sent).hasValue(10);
        assertThat(bodies.get("PUT /put/here")).asString(UTF_8).isEqualTo("large");
        String oid = result.files().get(1).sha256();
        assertThat(bodies.get("POST /verify")).asString(UTF_8)
                .isEqualTo("{\"oid\":\"" + oid + "\",\"size\":5}");
        assertThat(bodies.get("POST /api/models/ann/m/commit/main")).asString(UTF_8).isEqualTo(
                "{\"key\":\"header\",\"value\":{\"summary\":\"why\",\"description\":\"\",\"parentCommit\":\"" + COMMIT
                        + "\"}}\n"
                        + "{\"key\":\"file\",\"value\":{\"path\":\"a.txt\",\"encoding\":\"base64\","
                        + "\"content\":\"c21hbGw=\"}}\n"
                        + "{\"key\":\"lfsFile\",\"value\":{\"path\":\"b.bin\",\"algo\":\"sha256\",\"oid\":\"" + oid
                        + "\",\"size\":5}}\n");
        assertThat(seen).endsWith("PUT /put/here", "POST /verify", "POST /api/models/ann/m/commit/main");
    }

    @Test
    void sendsAFileAgainWhereThatMayHelp() throws IOException {
        batch(url() + "/put/here", "");
        replies.put("PUT /put/here", new ArrayList<>(List.of(
                new Reply(503, "", Map.of()), new Reply(429, "", Map.of("Retry-After", "1")),
                new Reply(200, "", Map.of()))));
        AtomicLong sent = new AtomicLong();
        push(new PushListener() {
            @Override
            public Progress sends(int files, long bytes) {
                return sent::addAndGet;
            }
        });
        assertThat(seen).filteredOn("PUT /put/here"::equals).hasSize(3);
        assertThat(sent).as("each byte is told of once").hasValue(10);
    }

    @Test
    void sendsTheHeadersThatTheHubAsksForInPlaceOfItsOwn() throws IOException {
        String action = "{\"href\":\"" + url() + "/%s\",\"header\":{\"authorization\":\"RemoteAuth of %s\","
                + "\"content-type\":\"text/%s\",\"Transfer-Encoding\":\"chunked\",\"HOST\":\"elsewhere\"}}";
        actions("{\"upload\":" + action.replace("%s", "put") + ",\"verify\":" + action.replace("%s", "verify") + "}");
        reply("PUT /put", 200, "");
        reply("POST /verify", 200, "");
        push(PushListener.NONE);
        assertThat(bodies.get("PUT /put")).asString(UTF_8).isEqualTo("large");
        assertThat(tokens).containsEntry("PUT /put", "RemoteAuth of put")
                .containsEntry("POST /verify", "RemoteAuth of verify")
                .containsEntry("POST /api/models/ann/m/commit/main", "Bearer secret");
        assertThat(types).containsEntry("PUT /put", List.of("text/put"))
                .containsEntry("POST /verify", List.of("text/verify"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"a b\":\"c\"", "\"X-A\":\"b\\r\\nX-C: d\"", "\"\":\"\""})
    void refusesHeadersThatAreNone(String header) throws IOException {
        actions("{\"upload\":{\"href\":\"" + url() + "/put\",\"header\":{" + header + "}}}");
        reply("PUT /put", 200, "");
        assertThatThrownBy(() -> push(PushListener.NONE)).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_ANSWER));
        assertThat(seen).doesNotContain("PUT /put", "POST /api/models/ann/m/commit/main");
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://hub.example:65536/put", "https:put", "file:///put", "", "http://a b/"})
    void refusesAddressesThatAreNone(String address) throws IOException {
        batch(address, "");
        assertThatThrownBy(() -> push(PushListener.NONE)).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_ANSWER));
    }

    @Test
    void refusesAWayToSendThatItDoesNotKnow() {
        reply("POST /api/models/ann/m/preupload/main", 200,
                "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"regular\"},"
                        + "{\"path\":\"b.bin\",\"uploadMode\":\"pigeon\"}]}");
        assertThatThrownBy(() -> push(PushListener.NONE)).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_ANSWER)).hasMessageContaining("'pigeon'");
    }

    @Test
    void commitsAgainWhereItHasAskedTooOften() throws IOException {
        batch(url() + "/put/here", "");
        reply("PUT /put/here", 200, "");
        replies.put("POST /api/models/ann/m/commit/main", new ArrayList<>(List.of(
                new Reply(429, "", Map.of("Retry-After", "1")),
                new Reply(200, "{\"commitOid\":\"" + COMMIT + "\"}", Map.of()))));
        assertThat(push(PushListener.NONE).commit()).isEqualTo(COMMIT);
        assertThat(seen).filteredOn("POST /api/models/ann/m/commit/main"::equals).hasSize(2);
    }

    @Test
    void doesNotCommitTwiceWhereTheAnswerIsLost() throws IOException {
        batch(url() + "/put/here", "");
        reply("PUT /put/here", 200, "");
        reply("POST /api/models/ann/m/commit/main", LOST, "");
        assertThatThrownBy(() -> push(PushListener.NONE))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.SERVER_FAILED))
                .hasMessageStartingWith(url() + ": cannot commit to ann/m: ").hasMessageContaining("push again");
        assertThat(seen).filteredOn("POST /api/models/ann/m/commit/main"::equals).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "401, DENIED, without a valid token", "403, DENIED, no more room", "409, EXISTS, no more room",
        "412, CONFLICT, push again", "400, REFUSED, no more room", "503, SERVER_FAILED, push again",
        "503, SERVER_FAILED, no more room", "507, REFUSED, no more room", "413, REFUSED, no more room",
        "404, ENTRY_NOT_FOUND, is it a hub",
    })
    void doesNotCommitTwiceAndSaysWhy(int status, HubException.Kind kind, String part) throws IOException {
        batch(url() + "/put/here", "");
        reply("PUT /put/here", 200, "");
        replies.put("POST /api/models/ann/m/commit/main", new ArrayList<>(List.of(
                new Reply(status, "{}", Map.of("X-Error-Message", "no more room\u0007")))));
        assertThatThrownBy(() -> push(PushListener.NONE))
                .isInstanceOfSatisfying(HubException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(part);
        assertThat(seen).filteredOn("POST /api/models/ann/m/commit/main"::equals).hasSize(1);
    }

    @Test
    void refusesAnAddressWithoutTlsElsewhere() throws IOException {
        batch("http://192.0.2.1/put", "");
        assertThatThrownBy(() -> push(PushListener.NONE))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_ANSWER))
                .hasMessageContaining("192.0.2.1");
        assertThat(seen).doesNotContain("POST /api/models/ann/m/commit/main");
    }

    @Test
    void saysWhichFileTheHubDoesNotTake() throws IOException {
        String oid = ReadFile.of(found("b.bin"), Progress.NONE).sha256().hex();
        reply("POST /ann/m.git/info/lfs/objects/batch", 200, "{\"objects\":[{\"oid\":\"" + oid
                + "\",\"size\":5,\"error\":{\"code\":507,\"message\":\"it is full\"}}]}");
        assertThatThrownBy(() -> push(PushListener.NONE))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.REFUSED))
                .hasMessageContaining("b.bin: it is full");
    }

    @Test
    void sendsNoFileThatHasChangedSinceItWasRead() throws IOException {
        batch(url() + "/put/here", "");
        reply("PUT /put/here", 200, "");
        assertThatThrownBy(() -> push(new PushListener() {
            @Override
            public Progress sends(int files, long bytes) {
                write("b.bin", "LARGE");
                return Progress.NONE;
            }
        })).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_FILE)).hasMessageContaining("b.bin");
        write("b.bin", "large");
        assertThatThrownBy(() -> push(new PushListener() {
            @Override
            public Progress sends(int files, long bytes) {
                write("a.txt", "sma");
                return Progress.NONE;
            }
        })).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_FILE)).hasMessageContaining("a.txt");
        assertThat(seen).doesNotContain("POST /api/models/ann/m/commit/main");
    }

    @Test
    void saysWhichFileIsNoLongerThere() throws IOException {
        batch(url() + "/put/here", "");
        reply("PUT /put/here", 200, "");
        for (String gone : List.of("b.bin", "a.txt")) {
            assertThatThrownBy(() -> push(new PushListener() {
                @Override
                public Progress sends(int files, long bytes) {
                    assertThat(folder.resolve(gone).toFile().delete()).isTrue();
                    return Progress.NONE;
                }
            })).isInstanceOfSatisfying(HubException.class,
                    e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_FILE)).hasMessageContaining(gone);
            write("b.bin", "large");
        }
        assertThat(seen).doesNotContain("POST /api/models/ann/m/commit/main");
    }

    private void write(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void findsFilesByGlobsAndRefusesWhatLeadsOut() throws IOException {
        Files.createDirectories(folder.resolve("sub"));
        Files.writeString(folder.resolve("sub").resolve("c.txt"), "c");
        assertThat(LocalFiles.find(folder, List.of("**.txt"), List.of("sub/*")).files())
                .extracting(LocalFiles.Found::path)
                .containsExactly("a.txt");
        assertThat(LocalFiles.find(folder, List.of("*"), List.of()).files()).extracting(LocalFiles.Found::path)
                .containsExactly("a.txt", "b.bin");
        assertThatThrownBy(() -> LocalFiles.find(folder, List.of("[a"), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
        for (String notes : List.of(".git/HEAD", "sub/.git", "sub/.cache/huggingface/x.metadata")) {
            Files.createDirectories(folder.resolve(notes).getParent());
            Files.writeString(folder.resolve(notes), "for somebody else");
        }
        Files.createSymbolicLink(folder.resolve("inside"), folder.resolve("a.txt"));
        assertThat(LocalFiles.find(folder, List.of(), List.of()).files()).extracting(LocalFiles.Found::path)
                .containsExactly("a.txt", "b.bin", "inside", "sub/c.txt");
        Path outside = Files.createTempFile("outside", ".txt");
        try {
            Files.createSymbolicLink(folder.resolve("outside"), outside);
            assertThatThrownBy(() -> LocalFiles.find(folder, List.of(), List.of()))
                    .isInstanceOfSatisfying(HubException.class,
                            e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_FILE))
                    .hasMessageContaining("a link out of the folder");
        } finally {
            Files.delete(outside);
        }
        Files.delete(folder.resolve("outside"));
        Files.writeString(folder.resolve("line\nfeed"), "x");
        assertThatThrownBy(() -> LocalFiles.find(folder, List.of(), List.of()))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_FILE));
    }

    @Test
    void namesFilesAsGitAndSha256sumDo() throws IOException {
        // printf small | git hash-object --stdin; printf small | sha256sum
        ReadFile file = ReadFile.of(found("a.txt"), Progress.NONE);
        assertThat(file.gitOid()).isEqualTo("64c3ecd7abb014643a372e0155b41cfca014c01f");
        assertThat(file.sha256().hex()).isEqualTo("81db8ebbbbc69c6c6ad4a6aa92b76e0c08af547da236b9e2c9dbe1d8285a8130");
        assertThat(file.sample()).asString(UTF_8).isEqualTo("small");
    }
}
