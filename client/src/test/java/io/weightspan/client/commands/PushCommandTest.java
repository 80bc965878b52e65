package io.weightspan.client.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weightspan.cli.ExitStatus;
import java.io.IOException;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the command takes, prints and returns. What it sends is {@code HubWriterTest}'s. */
@Timeout(60)
class PushCommandTest {

    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final String CREATE = "/api/repos/create";
    private static final String PREUPLOAD = "/api/models/a/b/preupload/main";
    private static final String COMMITS = "/api/models/a/b/commit/main";

    @TempDir
    private Path folder;

    private final Map<String, Integer> statuses = new ConcurrentHashMap<>();
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> seen = new CopyOnWriteArrayList<>();
    private final List<String> bodies = new CopyOnWriteArrayList<>();
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
        answers.put(PREUPLOAD, preupload(""));
        answers.put(COMMITS, "{\"commitOid\":\"" + COMMIT + "\"}");
        Files.writeString(folder.resolve("a.txt"), "small");
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        bodies.add(new String(exchange.getRequestBody().readAllBytes(), UTF_8));
        seen.add(path);
        byte[] body = answers.getOrDefault(path, "{}").getBytes(UTF_8);
        int status = statuses.getOrDefault(path, 200);
        if (status == 404) {
            exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
        }
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private static String preupload(String oid) {
        return "{\"files\":[{\"path\":\"a.txt\",\"uploadMode\":\"regular\",\"oid\":\"" + oid + "\"}]}";
    }

    @Test
    void printsOneDocument() {
        assertThat(push("a/b", "--json", "--private")).isEqualTo(ExitStatus.DONE);
        JsonNode document = JsonMapper.builder().build().readTree(out.toString());
        assertThat(document.required("repo").asString()).isEqualTo("a/b");
        assertThat(document.required("branch").asString()).isEqualTo("main");
        assertThat(document.required("commit").asString()).isEqualTo(COMMIT);
        assertThat(document.required("new_repo").asBoolean()).isTrue();
        assertThat(document.required("dry_run").asBoolean()).isFalse();
        assertThat(document.required("sent_bytes").asLong()).isEqualTo(5);
        JsonNode file = document.required("files").get(0);
        assertThat(file.required("path").asString()).isEqualTo("a.txt");
        // printf small | sha256sum
        assertThat(file.required("sha256").asString())
                .isEqualTo("81db8ebbbbc69c6c6ad4a6aa92b76e0c08af547da236b9e2c9dbe1d8285a8130");
        assertThat(file.required("outcome").asString()).isEqualTo("sent");
        assertThat(err.toString()).isEmpty();
        assertThat(bodies.getFirst())
                .isEqualTo("{\"type\":\"model\",\"organization\":\"a\",\"name\":\"b\",\"private\":true}");
    }

    @Test
    void tellsPeopleWhatItHasDone() {
        assertThat(push("a/b")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).contains("a.txt", "5 B", "sent", "a/b at 0123456789ab: sent 5 B in ");
        assertThat(bodies.getLast()).contains("\"summary\":\"Upload a.txt\"");
    }

    @Test
    void tellsPeopleWhereThereWasNothingToDo() {
        answers.put(PREUPLOAD, preupload("64c3ecd7abb014643a372e0155b41cfca014c01f"));
        statuses.put(CREATE, 409);
        assertThat(push("a/b", "--private")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).contains("unchanged", "a/b has all of it already at 0123456789ab");
        assertThat(err.toString()).contains("a/b was there already: --private does not change who sees it");
        assertThat(seen).doesNotContain(COMMITS);
    }

    @Test
    void aDryRunChangesNothing() {
        statuses.put(PREUPLOAD, 404);
        assertThat(push("a/b", "--dry-run")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).contains("would send 5 B to a/b");
        assertThat(seen).containsExactly(PREUPLOAD);
    }

    @Test
    void wrongUsageIsTwo() {
        assertThat(push("no-repo")).isEqualTo(ExitStatus.USAGE);
        assertThat(push("a/b", "--include", "[a")).isEqualTo(ExitStatus.USAGE);
        assertThat(push("a/b", "--exclude", "*")).isEqualTo(ExitStatus.USAGE);
        assertThat(run("a/b", folder.resolve("absent"))).isEqualTo(ExitStatus.USAGE);
        assertThat(seen).isEmpty();
    }

    @Test
    void aRefusalIsThree() {
        statuses.put(COMMITS, 403);
        assertThat(push("a/b")).isEqualTo(ExitStatus.FAILED);
        statuses.put(COMMITS, 412);
        assertThat(push("a/b")).isEqualTo(ExitStatus.FAILED);
        assertThat(out.toString()).isEmpty();
    }

    private int push(String... arguments) {
        return run(arguments[0], folder, List.of(arguments).subList(1, arguments.length).toArray(String[]::new));
    }

    private int run(String repo, Path directory, String... options) {
        List<String> all = new ArrayList<>(
                List.of("http://127.0.0.1:" + server.getAddress().getPort(), repo, directory.toString()));
        all.addAll(List.of(options));
        return ClientRuns.run(new PushCommand(), all, out, err);
    }
}
