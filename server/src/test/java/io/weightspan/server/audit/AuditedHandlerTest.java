package io.weightspan.server.audit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBody;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stands in the log, line by line. */
class AuditedHandlerTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-03-04T05:06:07.089123Z"));

    private static final RequestHandler DONE =
            request -> Optional.of(Response.text(HttpResponseStatus.OK, "done").with("X-Repo-Commit", "c0ffee"));

    private final String secret = NewToken.create();

    @TempDir
    private Path folder;

    private @Nullable ObjectStore store;
    private @Nullable Guard guard;
    private @Nullable AuditLog log;

    @BeforeEach
    void open() throws IOException {
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken(
                "ann-laptop",
                "ann",
                Role.WRITE,
                List.of(new Scope("ann")),
                NewToken.hash(secret),
                Instant.EPOCH,
                Optional.empty())));
        store = Stores.openOrCreate(folder.resolve("store").toString());
        guard = Guard.of(new Repositories(store), new Tokens(file, CLOCK), true);
        log = AuditLog.open(file());
    }

    @AfterEach
    void close() throws IOException {
        requireNonNull(log).close();
        requireNonNull(store).close();
    }

    @Test
    void logsWriteWithItsCommit() throws Exception {
        handle(DONE, "POST", "/api/models/ann/m/commit/main?x=1", secret, "");
        assertThat(lines()).containsExactly("{\"time\":\"2026-03-04T05:06:07.089Z\",\"request\":\"r1\","
                + "\"caller\":\"ann-laptop\",\"address\":\"192.0.2.7\",\"method\":\"POST\","
                + "\"path\":\"/api/models/ann/m/commit/main\",\"repository\":\"ann/m\",\"status\":200,"
                + "\"commit\":\"c0ffee\"}");
    }

    @Test
    void logsRefusedWriteOfSomebodyUnknown() {
        RequestHandler refusing = request -> {
            throw new HttpException(HttpResponseStatus.PRECONDITION_FAILED, "too late");
        };
        assertThatThrownBy(() -> handle(refusing, "DELETE", "/api/repos/delete", "hf_wrong",
                "{\"organization\":\"team\",\"name\":\"model\"}"))
                .isInstanceOf(HttpException.class)
                .hasMessage("too late");
        assertThat(lines()).containsExactly("{\"time\":\"2026-03-04T05:06:07.089Z\",\"request\":\"r1\","
                + "\"caller\":null,\"address\":\"192.0.2.7\",\"method\":\"DELETE\","
                + "\"path\":\"/api/repos/delete\",\"repository\":\"team/model\",\"status\":412,\"commit\":null}");
    }

    @Test
    void logsFailureAndPathThatIsNone() {
        RequestHandler failing = request -> {
            throw new IOException("disk");
        };
        assertThatThrownBy(() -> handle(failing, "POST", "/a%22%2C/b", null, "")).isInstanceOf(IOException.class);
        assertThat(lines()).singleElement().asString().contains("\"path\":\"/a%22%2C/b\"", "\"status\":500,");
    }

    @Test
    void logsPathThatNobodyKnows() throws Exception {
        assertThat(handle(request -> Optional.empty(), "PUT", "/x", null, "")).isEmpty();
        assertThat(lines()).singleElement().asString().contains("\"path\":\"/x\"", "\"status\":404,");
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /api/models/ann/m, ''",
        "HEAD, /ann/m/resolve/main/f, ''",
        "POST, /api/validate-yaml, ''",
        "POST, /api/models/ann/m/preupload/main, ''",
        "POST, /api/models/ann/m/paths-info/main, ''",
        "POST, /ann/m.git/info/lfs/objects/verify, ''",
        "POST, /ann/m.git/info/lfs/objects/batch, '{\"operation\":\"download\"}'"
    })
    void leavesQuestionsOut(String method, String path, String body) throws Exception {
        assertThat(handle(DONE, method, path, secret, body)).isPresent();
        assertThat(lines()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /ann/m.git/info/lfs/objects/batch, '{\"operation\":\"upload\"}', ann/m",
        "POST, /ann/m.git/info/lfs/objects/batch, '{', ann/m",
        "PUT, /ann/m.git/info/lfs/objects/00, '', ann/m",
        "POST, /api/xet/ann/m/1/v1/shards, '', ann/m",
        "PUT, /api/models/ann/m/settings, '', ann/m"
    })
    void namesRepository(String method, String path, String body, String repository) throws Exception {
        handle(DONE, method, path, secret, body);
        assertThat(lines()).singleElement().asString().contains("\"repository\":\"" + repository + "\"");
    }

    @Test
    void beginsFileAnewWhenItWasMoved() throws Exception {
        handle(DONE, "PUT", "/one", null, "");
        Files.move(file(), folder.resolve("audit.1"));
        handle(DONE, "PUT", "/two", null, "");
        assertThat(Files.readAllLines(folder.resolve("audit.1"))).singleElement().asString().contains("\"/one\"");
        assertThat(lines()).singleElement().asString().contains("\"/two\"");
    }

    @Test
    void doesNothingWhereLogCannotBeWritten() throws Exception {
        Files.delete(file());
        Files.createDirectory(file());
        AtomicInteger done = new AtomicInteger();
        RequestHandler counting = request -> {
            done.incrementAndGet();
            return Optional.empty();
        };
        assertThatThrownBy(() -> handle(counting, "PUT", "/x", secret, ""))
                .isInstanceOfSatisfying(HttpException.class, e -> assertThat(e.status())
                        .isEqualTo(HttpResponseStatus.SERVICE_UNAVAILABLE))
                .hasMessage("the audit log can't be written, nothing was done");
        assertThat(done).hasValue(0);
        assertThat(handle(DONE, "GET", "/x", secret, "")).isPresent();
    }

    @Test
    void refusesAnswerWhoseLineCannotBeWritten() {
        RequestHandler breaking = request -> {
            Files.delete(file());
            Files.createDirectory(file());
            return DONE.handle(request);
        };
        assertThatThrownBy(() -> handle(breaking, "PUT", "/x", secret, ""))
                .isInstanceOfSatisfying(HttpException.class, e -> assertThat(e.status())
                        .isEqualTo(HttpResponseStatus.SERVICE_UNAVAILABLE))
                .hasMessage("the audit log can't be written, what was asked for may have been done");
    }

    private Optional<Response> handle(
            RequestHandler inner, String method, String target, @Nullable String token, String body) throws Exception {
        HttpHeaders headers = new DefaultHttpHeaders();
        if (token != null) {
            headers.set("Authorization", "Bearer " + token);
        }
        Request request = new Request(
                method,
                RequestTarget.parse(target),
                headers,
                new RequestBody.Whole(body.getBytes(UTF_8)),
                false,
                "r1",
                InetAddress.ofLiteral("192.0.2.7"));
        return new AuditedHandler(inner, requireNonNull(log), requireNonNull(guard)::tokenName, CLOCK).handle(request);
    }

    private Path file() {
        return folder.resolve("audit.log");
    }

    private List<String> lines() {
        try {
            return Files.readAllLines(file());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
