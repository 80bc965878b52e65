package io.weightspan.server.encode;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.serve.TestHub;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that encodes what it was sent: clients see no difference, and what one server leaves another one does. */
class EncoderTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void clientsSeeTheSameBeforeAndAfter() throws Exception {
        HttpHeaders before;
        byte[] data;
        try (TestHub hub = new TestHub(folder)) {
            data = commit(hub);
            before = headers(hub, data);
            assertThat(kind(hub)).isEqualTo(FileKind.PLAIN);
        }
        // Tokens are made anew, the store is the same.
        Files.delete(folder.resolve("tokens.json"));
        try (TestHub hub = new TestHub(folder, 1)) {
            Instant deadline = Instant.now().plus(PATIENCE);
            while (!hub.store().keys("pending/").isEmpty() && Instant.now().isBefore(deadline)) {
                Thread.sleep(20);
            }
            assertThat(hub.store().keys("pending/")).isEmpty();
            assertThat(kind(hub)).isEqualTo(FileKind.RECORD);
            assertThat(headers(hub, data)).isEqualTo(before);
        }
    }

    private byte[] commit(TestHub hub) throws IOException, InterruptedException {
        Path file = folder.resolve("model/model.safetensors");
        TestModels.write(file, 42, 1, 64);
        byte[] data = Files.readAllBytes(file);
        assertThat(post(hub, "/api/repos/create", "{\"name\":\"m\"}")).isEqualTo(200);
        String body = "{\"key\":\"header\",\"value\":{\"summary\":\"s\"}}\n{\"key\":\"file\",\"value\":{\"content\":\""
                + Base64.getEncoder().encodeToString(data)
                + "\",\"path\":\"model.safetensors\",\"encoding\":\"base64\"}}\n";
        assertThat(post(hub, "/api/models/ann/m/commit/main", body)).isEqualTo(200);
        return data;
    }

    /** Gets the file and returns what identifies it and its commit. */
    private static HttpHeaders headers(TestHub hub, byte[] data) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = hub.send("GET", "/ann/m/resolve/main/model.safetensors", new byte[0], null);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(data);
        return HttpHeaders.of(
                answer.headers().map(),
                (name, value) -> List.of("etag", "x-repo-commit", "content-length")
                        .contains(name.toLowerCase(Locale.ROOT)));
    }

    private static FileKind kind(TestHub hub) throws IOException {
        return new Repositories(hub.store()).head(RepoId.of("ann/m")).file("model.safetensors").kind();
    }

    private static int post(TestHub hub, String path, String body) throws IOException, InterruptedException {
        return hub.send("POST", path, body.getBytes(StandardCharsets.UTF_8), hub.ann()).statusCode();
    }
}
