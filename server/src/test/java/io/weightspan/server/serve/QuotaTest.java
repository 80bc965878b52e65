package io.weightspan.server.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.quota.Quota;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every way by which bytes come in is refused, as its protocol says it, where they don't fit. */
class QuotaTest {

    private static final String HEADER = "{\"key\":\"header\",\"value\":{\"summary\":\"s\"}}\n";

    @TempDir
    private Path folder;

    private TestHub hub;

    @BeforeEach
    void start() throws Exception {
        hub = new TestHub(folder);
        new Quotas(new Repositories(hub.store())).set(Optional.of("ann"), Optional.of(new Quota(100)));
        assertThat(post("/api/repos/create", "{\"name\":\"m\"}").statusCode()).isEqualTo(200);
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    private HttpResponse<byte[]> post(String path, String body) throws Exception {
        return hub.send("POST", path, body.getBytes(StandardCharsets.UTF_8), hub.ann());
    }

    private static byte[] bytes(int size, int value) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private HttpResponse<byte[]> commit(String path, byte[] data) throws Exception {
        return post("/api/models/ann/m/commit/main", HEADER + "{\"key\":\"file\",\"value\":{\"path\":\"" + path
                + "\",\"content\":\"" + Base64.getEncoder().encodeToString(data) + "\"}}\n");
    }

    private JsonNode batch(byte[] data) throws Exception {
        HttpResponse<byte[]> answer = post("/ann/m.git/info/lfs/objects/batch",
                "{\"operation\":\"upload\",\"objects\":[{\"oid\":\"" + Digest.sha256(MemorySegment.ofArray(data)).hex()
                        + "\",\"size\":" + data.length + "}]}");
        assertThat(answer.statusCode()).isEqualTo(200);
        return JsonMapper.shared().readTree(answer.body()).path("objects").path(0);
    }

    @Test
    void refusesACommitAsTheHubDoes() throws Exception {
        assertThat(commit("a.txt", bytes(100, 1)).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> refused = commit("b.txt", bytes(1, 2));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.headers().firstValue("X-Error-Message")).hasValueSatisfying(
                message -> assertThat(message).startsWith("the storage of 'ann' is full"));
        assertThat(new Repositories(hub.store()).head(RepoId.of("ann/m")).files()).hasSize(1);
        // What is there already takes no room.
        assertThat(commit("c.txt", bytes(100, 1)).statusCode()).isEqualTo(200);
    }

    @Test
    void refusesBeforeAnythingIsSent() throws Exception {
        assertThat(commit("a.txt", bytes(60, 1)).statusCode()).isEqualTo(200);
        String path = "/api/models/ann/m/preupload/main";
        // The file that is there may come again, or another of its size in its place.
        String same = "{\"files\":[{\"path\":\"a.txt\",\"size\":60},{\"path\":\"b.txt\",\"size\":40}]}";
        assertThat(post(path, same).statusCode()).isEqualTo(200);
        HttpResponse<byte[]> refused = post(path, same.replace("40", "41"));
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.headers().firstValue("X-Error-Message")).hasValueSatisfying(
                message -> assertThat(message).contains("41 B more do not fit"));
        String huge = "{\"files\":[{\"path\":\"b\",\"size\":9223372036854775807},"
                + "{\"path\":\"c\",\"size\":9223372036854775807}]}";
        assertThat(post(path, huge).statusCode()).isEqualTo(403);
    }

    @Test
    void refusesAnObjectOfGitLfsInTheBatchAndWhenItComes() throws Exception {
        JsonNode granted = batch(bytes(90, 1));
        URI href = URI.create(granted.at("/actions/upload/href").asString());
        JsonNode refused = batch(bytes(11, 2));
        assertThat(refused.at("/error/code").asInt()).isEqualTo(507);
        assertThat(refused.has("actions")).isFalse();
        new Quotas(new Repositories(hub.store())).set(Optional.of("ann"), Optional.of(new Quota(0)));
        // A server that has not read the quota before; the address holds for every server of the store.
        InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (StoreServer other = StoreServer.start(hub.store(), anywhere, HttpLimits.DEFAULT, 1 << 20);
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest put = HttpRequest
                    .newBuilder(URI.create(other.url() + href.getRawPath() + "?" + href.getRawQuery()))
                    .PUT(BodyPublishers.ofByteArray(bytes(90, 1)))
                    .build();
            HttpResponse<String> answer = client.send(put, BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(507);
            assertThat(JsonMapper.shared().readTree(answer.body()).path("message").asString())
                    .startsWith("the storage of 'ann' is full");
        }
        assertThat(hub.store().exists(Digest.sha256(MemorySegment.ofArray(bytes(90, 1))))).isFalse();
    }

    @Test
    void refusesAXorbWhereNothingMoreFits() throws Exception {
        assertThat(commit("a.txt", bytes(100, 1)).statusCode()).isEqualTo(200);
        JsonNode grant = JsonMapper.shared().readTree(hub.send(
                "GET", "/api/models/ann/m/xet-write-token/main", new byte[0], hub.ann()).body());
        URI store = URI.create(grant.path("casUrl").asString());
        HttpResponse<byte[]> refused = hub.send(
                "POST", store.getRawPath() + "/v1/xorbs/default/" + "0".repeat(64), bytes(10, 3),
                grant.path("accessToken").asString());
        assertThat(refused.statusCode()).isEqualTo(403);
    }

    @Test
    void refusesToMoveARepositoryToWhereItDoesNotFit() throws Exception {
        assertThat(commit("a.txt", bytes(10, 1)).statusCode()).isEqualTo(200);
        new Quotas(new Repositories(hub.store())).set(Optional.of("bob"), Optional.of(new Quota(9)));
        String move = "{\"fromRepo\":\"ann/m\",\"toRepo\":\"bob/m\"}";
        HttpResponse<byte[]> refused =
                hub.send("POST", "/api/repos/move", move.getBytes(StandardCharsets.UTF_8), hub.admin());
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(new Repositories(hub.store()).exists(RepoId.of("ann/m"))).isTrue();
        assertThat(new Repositories(hub.store()).exists(RepoId.of("bob/m"))).isFalse();
    }
}
