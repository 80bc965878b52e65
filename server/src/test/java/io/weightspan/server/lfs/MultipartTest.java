package io.weightspan.server.lfs;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.http.HttpServer;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
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
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Objects from 1,000 bytes on in parts of 400, as the Hub's clients send what is too large for one request. */
class MultipartTest {

    private static final RepoId MODEL = RepoId.of("ann/m");

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private final String token = NewToken.create();
    private final byte[] data = new byte[1001];
    private ObjectStore store;
    private Repositories repositories;
    private HttpServer server;
    private StoredContent content;

    @BeforeEach
    void start() throws IOException {
        new Random(4).nextBytes(data);
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken("ann", "ann", Role.WRITE, List.of(new Scope("ann")),
                NewToken.hash(token), Instant.EPOCH, Optional.empty())));
        store = Stores.openOrCreate(folder.resolve("store").toString());
        repositories = new Repositories(store);
        for (RepoId repo : List.of(MODEL, RepoId.of("ann/other"))) {
            new RepositoryEditor(repositories).create(repo, RepoSettings.DEFAULT, "ann");
        }
        content = new StoredContent(store, 1 << 20);
        HrefSigner signer = new HrefSigner(store, InstantSource.system());
        Guard guard = Guard.of(repositories, new Tokens(file, InstantSource.system()), true);
        server = HttpServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new LfsHandler(repositories, content, new Quotas(repositories), guard, signer,
                        new Multipart(repositories, signer, 1000, 400)),
                HttpLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
        content.close();
        store.close();
    }

    private HttpResponse<String> send(String method, String url, byte[] body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                .method(method, BodyPublishers.ofByteArray(body))
                .build();
        return client.send(request, BodyHandlers.ofString());
    }

    private static String oid(byte[] bytes) {
        return Digest.sha256(MemorySegment.ofArray(bytes)).hex();
    }

    private JsonNode batch(String repo, byte[] bytes, String transfers) throws Exception {
        HttpRequest request = HttpRequest
                .newBuilder(URI.create("http://127.0.0.1:" + server.address().getPort() + "/" + repo
                        + ".git/info/lfs/objects/batch"))
                .header("Authorization", "Bearer " + token)
                .POST(BodyPublishers.ofString("{\"operation\":\"upload\",\"transfers\":" + transfers
                        + ",\"objects\":[{\"oid\":\"" + oid(bytes) + "\",\"size\":" + bytes.length + "}]}"))
                .build();
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        return JsonMapper.shared().readTree(answer.body());
    }

    private JsonNode upload(String repo) throws Exception {
        return batch(repo, data, "[\"basic\",\"multipart\"]").at("/objects/0/actions/upload");
    }

    /** Sends the three parts and returns their etags. */
    private List<String> sendParts(JsonNode upload) throws Exception {
        List<String> etags = new ArrayList<>();
        for (int part = 1; part <= 3; part++) {
            byte[] bytes = Arrays.copyOfRange(data, (part - 1) * 400, Math.min(1001, part * 400));
            HttpResponse<String> sent =
                    send("PUT", upload.path("header").path(Integer.toString(part)).asString(), bytes);
            assertThat(sent.statusCode()).as(sent.body()).isEqualTo(200);
            etags.add(sent.headers().firstValue("ETag").orElseThrow());
        }
        return etags;
    }

    private HttpResponse<String> complete(JsonNode upload, List<String> etags) throws Exception {
        List<String> parts = new ArrayList<>();
        for (String etag : etags) {
            parts.add("{\"partNumber\":" + (parts.size() + 1) + ",\"etag\":"
                    + JsonMapper.shared().writeValueAsString(etag) + "}");
        }
        return send("POST", upload.path("href").asString(),
                ("{\"oid\":\"" + oid(data) + "\",\"parts\":[" + String.join(",", parts) + "]}")
                        .getBytes(StandardCharsets.UTF_8));
    }

    private boolean isThere(RepoId repo) throws IOException {
        return new Uploads(repositories).find(repo, Digest.of(oid(data))).isPresent();
    }

    @Test
    void takesAnObjectInParts() throws Exception {
        JsonNode answer = batch("ann/m", data, "[\"basic\",\"multipart\"]");
        assertThat(answer.path("transfer").asString()).isEqualTo("multipart");
        JsonNode upload = answer.at("/objects/0/actions/upload");
        assertThat(upload.path("header").path("chunk_size").asString()).isEqualTo("400");
        assertThat(upload.path("header").propertyNames()).containsExactlyInAnyOrder("chunk_size", "1", "2", "3");
        List<String> etags = sendParts(upload);
        assertThat(isThere(MODEL)).isFalse();
        assertThat(complete(upload, etags).statusCode()).isEqualTo(200);
        assertThat(isThere(MODEL)).isTrue();
        assertThat(store.size(Digest.of(oid(data)))).hasValue(1001);
        // Who has not heard the answer asks again, and who begins anew needs to send nothing.
        assertThat(complete(upload, etags).statusCode()).isEqualTo(200);
        assertThat(batch("ann/m", data, "[\"multipart\"]").at("/objects/0").has("actions")).isFalse();
    }

    @Test
    void takesWholeWhatIsSmallerOrFromWhoKnowsNoParts() throws Exception {
        assertThat(batch("ann/m", data, "[\"basic\"]").at("/objects/0/actions/upload").has("header")).isFalse();
        assertThat(batch("ann/m", data, "[]").path("transfer").asString()).isEqualTo("basic");
        JsonNode small = batch("ann/m", new byte[999], "[\"multipart\"]");
        assertThat(small.path("transfer").asString()).isEqualTo("basic");
        assertThat(small.at("/objects/0/actions/upload").has("header")).isFalse();
    }

    @Test
    void refusesAPartThatIsNotAsAnnounced() throws Exception {
        JsonNode parts = upload("ann/m").path("header");
        String first = parts.path("1").asString();
        assertThat(send("PUT", first, new byte[399]).statusCode()).isEqualTo(422);
        assertThat(send("PUT", first, new byte[401]).statusCode()).isEqualTo(422);
        assertThat(send("PUT", first.replace("size=400", "size=401"), new byte[401]).statusCode()).isEqualTo(403);
        assertThat(send("PUT", first.replace("part=1", "part=2"), new byte[400]).statusCode()).isEqualTo(403);
        assertThat(send("PUT", first.replace("part=1", "part=x"), new byte[400]).statusCode()).isEqualTo(403);
        assertThat(send("PUT", first.replace("/ann/m.git", "/ann/other.git"), new byte[400]).statusCode())
                .isEqualTo(403);
        assertThat(store.exists(Digest.of(oid(new byte[400])))).isFalse();
    }

    @Test
    void refusesPartsThatWereNotSentSo() throws Exception {
        JsonNode upload = upload("ann/m");
        List<String> etags = sendParts(upload);
        List<String> swapped = List.of(etags.get(1), etags.get(0), etags.get(2));
        assertThat(complete(upload, swapped).statusCode()).isEqualTo(422);
        assertThat(complete(upload, etags.subList(0, 2)).statusCode()).isEqualTo(422);
        assertThat(complete(upload, List.of(etags.get(0), etags.get(1), "none")).statusCode()).isEqualTo(422);
        assertThat(send("POST", upload.path("href").asString(), new byte[] {'{'}).statusCode()).isEqualTo(422);
        assertThat(send("POST", upload.path("href").asString() + "0", new byte[0]).statusCode()).isEqualTo(403);
        // Parts of another repository's upload of the same object are not this one's.
        JsonNode other = upload("ann/other");
        assertThat(complete(other, etags).statusCode()).isEqualTo(422);
        assertThat(isThere(MODEL)).isFalse();
        assertThat(complete(upload, etags).statusCode()).isEqualTo(200);
        assertThat(isThere(RepoId.of("ann/other"))).isFalse();
    }

    @Test
    void refusesPartsThatMakeAnotherObject() throws Exception {
        JsonNode upload = upload("ann/m");
        data[500]++;
        List<String> etags = sendParts(upload);
        data[500]--;
        assertThat(complete(upload, etags).statusCode()).isEqualTo(422);
        assertThat(isThere(MODEL)).isFalse();
    }

    @Test
    void tellsWhichPartIsGone() throws Exception {
        JsonNode upload = upload("ann/m");
        List<String> etags = sendParts(upload);
        byte[] second = Arrays.copyOfRange(data, 400, 800);
        try (var cleaner = store.tryClean().orElseThrow()) {
            cleaner.delete(Digest.of(oid(second)));
        }
        HttpResponse<String> refused = complete(upload, etags);
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("part 2 was sent too long ago");
    }
}
