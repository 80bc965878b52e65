package io.weightspan.client.commands;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.cli.ExitStatus;
import io.weightspan.client.hub.FaultServer;
import io.weightspan.client.hub.LayeredRepo;
import java.io.IOException;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@Timeout(60)
class PullCommandTest {

    @TempDir
    private Path folder;
    private FaultServer server;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void serve() throws IOException {
        server = new FaultServer();
        server.plainRepo("a/b", "config.json", "{}".getBytes(UTF_8));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void printsOneDocument() {
        assertThat(pull("a/b", "--json")).isEqualTo(ExitStatus.DONE);
        JsonNode document = JsonMapper.builder().build().readTree(out.toString());
        assertThat(document.required("repo").asString()).isEqualTo("a/b");
        assertThat(document.required("revision").asString()).isEqualTo(FaultServer.COMMIT);
        assertThat(document.required("bytes").asLong()).isEqualTo(2);
        assertThat(document.required("downloaded_bytes").asLong()).isEqualTo(2);
        assertThat(document.required("files").get(0).required("stored_bytes").asLong()).isEqualTo(2);
        assertThat(document.required("files").get(0).required("outcome").asString()).isEqualTo("created");
        assertThat(folder.resolve("to/config.json")).hasContent("{}");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void printsATableForPeople() {
        assertThat(pull("a/b@main")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).contains("config.json", "2 B", "created", "every byte checked");
    }

    @Test
    void atSpanTheFirstLayerAloneArrives() throws IOException {
        LayeredRepo served = LayeredRepo.serve(server, folder);
        assertThat(pull(LayeredRepo.REPO, "--fidelity", "span", "--json")).isEqualTo(ExitStatus.DONE);
        assertThat(folder.resolve("to/w.safetensors")).hasBinaryContent(served.layer());
        JsonNode document = JsonMapper.builder().build().readTree(out.toString());
        assertThat(document.required("downloaded_bytes").asLong())
                .isEqualTo(served.baseLength() + served.partLength());
        assertThat(server.objectRequests()).hasSize(2)
                .anySatisfy(seen -> assertThat(seen.range()).isEqualTo("bytes=0-" + (served.partLength() - 1)));
        // The file itself is another one: it is not written over the layer unasked.
        assertThat(pull(LayeredRepo.REPO)).isEqualTo(ExitStatus.USAGE);
        assertThat(folder.resolve("to/w.safetensors")).hasBinaryContent(served.layer());
        assertThat(pull(LayeredRepo.REPO, "--fidelity", "exact", "--force")).isEqualTo(ExitStatus.DONE);
        assertThat(folder.resolve("to/w.safetensors")).hasBinaryContent(served.tuned());
    }

    @Test
    void wrongUsageIsTwo() throws IOException {
        assertThat(pull("no-repo")).isEqualTo(ExitStatus.USAGE);
        assertThat(pull("a/b", "--fidelity", "best")).isEqualTo(ExitStatus.USAGE);
        assertThat(pull("a/b", "--cache-limit", "much")).isEqualTo(ExitStatus.USAGE);
        assertThat(pull("a/absent")).isEqualTo(ExitStatus.USAGE);
        Files.createDirectories(folder.resolve("to"));
        Files.writeString(folder.resolve("to/config.json"), "other");
        assertThat(pull("a/b")).isEqualTo(ExitStatus.USAGE);
        assertThat(folder.resolve("to/config.json")).hasContent("other");
        assertThat(pull("a/b", "--force")).isEqualTo(ExitStatus.DONE);
        assertThat(folder.resolve("to/config.json")).hasContent("{}");
    }

    @Test
    void badDataIsOne() {
        server.next(FaultServer.wrongBytes());
        server.next(FaultServer.wrongBytes());
        assertThat(pull("a/b")).isEqualTo(ExitStatus.DATA_BAD);
        server.manifest("a/b", "{}");
        assertThat(pull("a/b")).isEqualTo(ExitStatus.DATA_BAD);
        assertThat(folder.resolve("to")).isEmptyDirectory();
    }

    @Test
    void aNetworkThatFailsIsThree() throws IOException {
        String free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = "http://127.0.0.1:" + socket.getLocalPort();
        }
        assertThat(run(free, List.of("a/b"))).isEqualTo(ExitStatus.FAILED);
    }

    private int pull(String... arguments) {
        return run(server.address().toString(), List.of(arguments));
    }

    private int run(String address, List<String> arguments) {
        List<String> all = new ArrayList<>(List.of(address));
        all.addAll(arguments);
        all.addAll(List.of("--to", folder.resolve("to").toString(), "--cache", folder.resolve("cache").toString()));
        return ClientRuns.run(new PullCommand(), all, out, err);
    }
}
