package io.weightspan.client.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.client.cache.WrongObjectException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HubClientTest {

    private static final byte[] CONFIG = "{\"a\": 1}".getBytes(UTF_8);
    private static final byte[] WEIGHTS = bytes(300_000);

    @TempDir
    private Path folder;
    private FaultServer server;
    private final List<Duration> waits = new ArrayList<>();

    @BeforeEach
    void serve() throws IOException {
        server = new FaultServer();
        server.plainRepo("a/b", "config.json", CONFIG, "sub/weights.bin", WEIGHTS, "empty", new byte[0]);
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void writesEveryFileByteForByte() throws IOException {
        FetchResult result = fetch("a/b");

        assertThat(to().resolve("config.json")).hasBinaryContent(CONFIG);
        assertThat(to().resolve("sub/weights.bin")).hasBinaryContent(WEIGHTS);
        assertThat(to().resolve("empty")).isEmptyFile();
        assertThat(result.files()).allMatch(file -> file.outcome() == FetchResult.Outcome.CREATED);
        assertThat(result.downloadedBytes()).isEqualTo(CONFIG.length + WEIGHTS.length);
        assertThat(leftovers()).isEmpty();
    }

    @Test
    void asksForNothingThatIsThereAlready() throws IOException {
        fetch("a/b");
        int before = server.objectRequests().size();
        FetchResult again = fetch("a/b");

        assertThat(again.files()).allMatch(file -> file.outcome() == FetchResult.Outcome.UNCHANGED);
        assertThat(server.objectRequests()).hasSize(before);

        Files.delete(to().resolve("config.json"));
        FetchResult fromCache = fetch("a/b");
        assertThat(fromCache.downloadedBytes()).isZero();
        assertThat(fromCache.cachedBytes()).isEqualTo(CONFIG.length);
        assertThat(to().resolve("config.json")).hasBinaryContent(CONFIG);
    }

    @Test
    void overwritesWhatDiffersOnlyWhenTold() throws IOException {
        Files.createDirectories(to());
        Files.write(to().resolve("config.json"), new byte[] {1});

        assertThatThrownBy(() -> fetch("a/b"))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.FILE_EXISTS))
                .hasMessageContaining("config.json");
        assertThat(to().resolve("sub")).doesNotExist();
        assertThat(to().resolve("config.json")).hasBinaryContent(new byte[] {1});

        try (HubClient hub = open()) {
            FetchResult result = hub.fetch(hub.resolve(RepoName.parse("a/b")), to(), true, FetchListener.NONE);
            assertThat(result.files().getFirst().outcome()).isEqualTo(FetchResult.Outcome.REPLACED);
        }
        assertThat(to().resolve("config.json")).hasBinaryContent(CONFIG);
    }

    @Test
    void replacesALinkAndNotWhatItPointsTo() throws IOException {
        Path outside = Files.write(folder.resolve("outside"), new byte[] {1});
        Files.createDirectories(to());
        Files.createSymbolicLink(to().resolve("config.json"), outside);
        try (HubClient hub = open()) {
            hub.fetch(hub.resolve(RepoName.parse("a/b")), to(), true, FetchListener.NONE);
        }
        assertThat(outside).hasBinaryContent(new byte[] {1});
        assertThat(to().resolve("config.json")).isRegularFile().hasBinaryContent(CONFIG);
    }

    @Test
    void writesThroughNoLinkedFolder() throws IOException {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.createDirectories(to());
        Files.createSymbolicLink(to().resolve("sub"), outside);

        assertThatThrownBy(() -> fetch("a/b")).isInstanceOf(HubException.class).hasMessageContaining("not a folder");
        assertThat(outside).isEmptyDirectory();
    }

    @Test
    void goesOnWhereTheConnectionBroke() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.truncate(100_000));
        AtomicLong heard = new AtomicLong();
        try (HubClient hub = open()) {
            hub.fetch(hub.resolve(RepoName.parse("one/file")), to(), false, new FetchListener() {
                @Override
                public Progress downloads(int objects, long bytes) {
                    return heard::addAndGet;
                }
            });
        }
        List<FaultServer.Seen> seen = server.objectRequests();
        assertThat(seen).hasSize(2);
        assertThat(seen.getLast().range()).isEqualTo("bytes=100000-");
        assertThat(seen.getLast().ifRange()).isEqualTo("\"" + digest(WEIGHTS).hex() + "\"");
        assertThat(to().resolve("w")).hasBinaryContent(WEIGHTS);
        assertThat(heard).hasValue(WEIGHTS.length);
    }

    @Test
    void goesOnWhereAnEarlierProcessStopped() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.truncate(200_000));
        assertThatThrownBy(() -> fetch(options().withRetries(0), "one/file")).isInstanceOf(HubException.class);
        assertThat(to()).isEmptyDirectory();

        fetch("one/file");
        assertThat(server.objectRequests().getLast().range()).isEqualTo("bytes=200000-");
        assertThat(to().resolve("w")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void startsAnewWhereTheServerIgnoresTheRange() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.truncate(200_000));
        server.next((exchange, body) -> FaultServer.send(exchange, 200, body));
        fetch("one/file");
        assertThat(to().resolve("w")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void refusesAnotherRange() {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.truncate(200_000));
        server.next((exchange, body) -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 0-299999/300000");
            FaultServer.send(exchange, 206, body);
        });
        refused("one/file", HubException.Kind.BAD_ANSWER, "another range");
    }

    @Test
    void startsAnewWhereWhatHadArrivedIsDamaged() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next((exchange, body) -> {
            byte[] wrong = body.clone();
            wrong[0] ^= 1;
            FaultServer.truncate(100_000).answer(exchange, wrong);
        });
        fetch("one/file");
        assertThat(to().resolve("w")).hasBinaryContent(WEIGHTS);
        assertThat(server.objectRequests()).hasSize(3);
    }

    @Test
    void refusesOtherBytesAndPlacesNothing() {
        server.next(FaultServer.wrongBytes());
        server.next(FaultServer.wrongBytes());
        assertThatThrownBy(() -> fetch(options().withDownloads(1), "a/b")).isInstanceOf(WrongObjectException.class)
                .hasMessageContaining("SHA-256");
        assertThat(to()).isEmptyDirectory();
    }

    @Test
    void readsNoMoreThanTheManifestSays() {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.endless());
        server.next(FaultServer.endless());
        assertThatThrownBy(() -> fetch("one/file")).isInstanceOf(WrongObjectException.class)
                .hasMessageContaining("more than its 300000 bytes");
    }

    @Test
    void refusesABodyThatSaysItIsLonger() {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next((exchange, body) -> FaultServer.send(exchange, 200, bytes(300_001)));
        refused("one/file", HubException.Kind.BAD_ANSWER, "300001 bytes");
    }

    @Test
    void waitsAsLongAsTheServerAsks() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.status(503, "7"));
        server.next(FaultServer.status(429, null));
        fetch("one/file");
        assertThat(waits).hasSize(2);
        assertThat(waits.getFirst()).isEqualTo(Duration.ofSeconds(7));
        assertThat(waits.getLast()).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void givesUpAfterTheRetries() {
        server.plainRepo("one/file", "w", WEIGHTS);
        for (int i = 0; i < 3; i++) {
            server.next(FaultServer.status(500, null));
        }
        assertThatThrownBy(() -> fetch(options().withRetries(2), "one/file"))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.SERVER_FAILED))
                .hasMessageContaining("500");
        assertThat(waits).hasSize(2);
    }

    /** SP-ERR-003. */
    @ParameterizedTest
    @ValueSource(strings = {"CHUNK_CHECKSUM", "MISSING_DEPENDENCY", "CorruptStore"})
    void doesNotAskAgainForWhatIsDamaged(String code) {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next((exchange, body) -> {
            exchange.getResponseHeaders().set("X-Error-Code", code);
            FaultServer.send(exchange, 500, new byte[0]);
        });
        refused("one/file", HubException.Kind.DAMAGED, code);
        assertThat(waits).isEmpty();
    }

    @Test
    void givesUpOnAServerThatStalls() {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(server.stall());
        HubOptions hasty = options().withRetries(0).withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(2));
        assertThatThrownBy(() -> fetch(hasty, "one/file"))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.SERVER_FAILED))
                .hasMessageContaining("no bytes for 2000 ms");
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        refused("a/absent", HubException.Kind.REPO_NOT_FOUND, "a/absent");
        refused("a/b@absent", HubException.Kind.REVISION_NOT_FOUND, "absent");
        // One object: of several, a request that was still on its way would take the answer meant for the next.
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.status(404, null));
        refused("one/file", HubException.Kind.ENTRY_NOT_FOUND, "");
        server.next(FaultServer.status(401, null));
        refused("one/file", HubException.Kind.DENIED, "token");
        assertThat(to()).isEmptyDirectory();
    }

    @Test
    void saysThatNoServerAnswers() throws IOException {
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        try (HubClient hub = HubClient.open(URI.create("http://127.0.0.1:" + free), options(), waits::add)) {
            assertThatThrownBy(() -> hub.resolve(RepoName.parse("a/b"))).isInstanceOf(HubException.class)
                    .hasMessageContaining("no server answers there");
        }
        assertThat(waits).hasSizeLessThan(4);
    }

    @Test
    void followsRedirectsOnTheSameServerOnly() throws IOException {
        server.plainRepo("one/file", "w", WEIGHTS);
        server.next(FaultServer.redirect("/elsewhere/objects/" + digest(WEIGHTS).hex()));
        fetch("one/file");
        assertThat(to().resolve("w")).hasBinaryContent(WEIGHTS);
        assertThat(server.requests().getLast().path()).startsWith("/elsewhere/");

        server.plainRepo("other/file", "v", bytes(10));
        server.next(FaultServer.redirect("http://localhost:1/objects/"));
        refused("other/file", HubException.Kind.BAD_ANSWER, "another server");
        server.next(FaultServer.redirect("file:///etc/passwd"));
        refused("other/file", HubException.Kind.BAD_ANSWER, "another server");
        for (int i = 0; i < 6; i++) {
            server.next(FaultServer.redirect("/objects/" + digest(bytes(10)).hex()));
        }
        refused("other/file", HubException.Kind.BAD_ANSWER, "without an end");
    }

    @Test
    void sendsTheTokenAndNeverShowsIt() throws IOException {
        HubOptions options = options().withToken("secret-token");
        fetch(options, "a/b");
        assertThat(server.requests()).allMatch(request -> "Bearer secret-token".equals(request.token()));
        assertThat(options.toString()).doesNotContain("secret-token");
    }

    @Test
    void getsAgainWhatTheCacheLost() throws IOException {
        fetch("a/b");
        try (Stream<Path> objects = Files.walk(folder.resolve("cache/objects"))) {
            for (Path object : objects.filter(Files::isRegularFile).toList()) {
                byte[] damaged = Files.readAllBytes(object);
                if (damaged.length > 0) {
                    damaged[0] ^= 1;
                    Files.write(object, damaged);
                }
            }
        }
        try (Stream<Path> files = Files.walk(to())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        fetch("a/b");
        assertThat(to().resolve("config.json")).hasBinaryContent(CONFIG);
        assertThat(to().resolve("sub/weights.bin")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void keepsTheCacheWithinItsLimit() throws IOException {
        fetch(options().withCacheLimit(1000), "a/b");
        try (HubClient hub = open()) {
            assertThat(hub.cache().size()).isLessThanOrEqualTo(1000);
        }
        assertThat(to().resolve("sub/weights.bin")).hasBinaryContent(WEIGHTS);
    }

    @Test
    void opensAFileWithoutWritingIt() throws IOException {
        try (HubClient hub = open()) {
            Manifest.File file = hub.resolve(RepoName.parse("a/b")).file("sub/weights.bin").orElseThrow();
            try (DecodedFile decoded = hub.openFile(file, Progress.NONE)) {
                byte[] part = new byte[1000];
                decoded.read(5000, MemorySegment.ofArray(part));
                assertThat(part).isEqualTo(Arrays.copyOfRange(WEIGHTS, 5000, 6000));
                assertThat(decoded.length()).isEqualTo(WEIGHTS.length);
            }
        }
        assertThat(to()).doesNotExist();
    }

    @Test
    void sendsARevisionAsOneSegment() throws IOException {
        fetch("a/b@feat/x y?".replace(" ", ""));
        assertThat(server.requests().getFirst().path()).endsWith("/revision/feat%2Fxy%3F");
    }

    @Test
    void refusesWhatIsNoAddress() {
        for (String address : List.of("ftp://host", "http:///path", "host", "http://user@host", "http://host?q")) {
            assertThatThrownBy(() -> HubClient.open(URI.create(address), options()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private void refused(String repo, HubException.Kind kind, String words) {
        assertThatThrownBy(() -> fetch(repo))
                .isInstanceOfSatisfying(HubException.class, e -> assertThat(e.kind()).isEqualTo(kind))
                .hasMessageContaining(words);
    }

    private FetchResult fetch(String repo) throws IOException {
        return fetch(options(), repo);
    }

    private FetchResult fetch(HubOptions options, String repo) throws IOException {
        try (HubClient hub = HubClient.open(server.address(), options, waits::add)) {
            return hub.fetch(hub.resolve(RepoName.parse(repo)), to(), false, FetchListener.NONE);
        }
    }

    private HubClient open() throws IOException {
        return HubClient.open(server.address(), options(), waits::add);
    }

    private HubOptions options() {
        return HubOptions.defaults().withCacheDirectory(folder.resolve("cache"));
    }

    private Path to() {
        return folder.resolve("to");
    }

    private List<Path> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(to())) {
            return files.filter(file -> file.getFileName().toString().startsWith(".")).toList();
        }
    }

    private static Digest digest(byte[] bytes) {
        return Digest.sha256(MemorySegment.ofArray(bytes));
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
