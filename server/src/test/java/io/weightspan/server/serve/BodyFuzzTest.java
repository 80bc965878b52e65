package io.weightspan.server.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBody;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubHandler;
import io.weightspan.server.lfs.LfsHandler;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import io.weightspan.server.web.WebHandler;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Any body of any request is served or refused with a status of our own, and the repository stays whole. */
class BodyFuzzTest {

    private static final RepoId MODEL = RepoId.of("ann/m");

    /** The first byte of an input, as a letter from {@code a} on, says which. */
    private static final List<String> ROUTES = List.of(
            "POST /api/models/ann/m/commit/main",
            "POST /api/models/ann/m/preupload/main",
            "PUT /api/models/ann/m/settings",
            "POST /api/models/ann/m/branch/b",
            "POST /api/models/ann/m/tag/main",
            "POST /api/models/ann/m/paths-info/main",
            "POST /api/repos/create",
            "POST /api/repos/move",
            "DELETE /api/repos/delete",
            "POST /ann/m.git/info/lfs/objects/batch",
            "POST /ann/m.git/info/lfs/objects/verify",
            "POST /login");

    /** Opened once: an input takes a millisecond, a store a hundred. */
    private static final Hub HUB = Hub.open();

    private record Hub(ObjectStore store, Repositories repositories, List<RequestHandler> handlers, String token) {

        static Hub open() {
            try {
                Path folder = Files.createTempDirectory(Path.of("target"), "body-fuzz");
                String token = NewToken.create();
                TokenFile file = new TokenFile(folder.resolve("tokens.json"));
                file.change(all -> all.add(new AccessToken("ann", "ann", Role.WRITE, List.of(new Scope("ann")),
                        NewToken.hash(token), Instant.EPOCH, Optional.empty())));
                ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                Repositories repositories = new Repositories(store);
                Guard guard = Guard.of(repositories, new Tokens(file, InstantSource.system()), true);
                StoredContent content = new StoredContent(store, 1 << 20);
                Quotas quotas = new Quotas(repositories);
                HrefSigner signer = new HrefSigner(store, InstantSource.system());
                WebHandler web = new WebHandler(
                        repositories, request -> new GuardedViewer(guard, guard.identify(request)),
                        guard.sessions());
                return new Hub(store, repositories, List.of(
                        web,
                        new LfsHandler(repositories, content, quotas, guard, signer),
                        new HubHandler(repositories, content, quotas, guard)), token);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }

    @FuzzTest
    void anyBodyIsServedOrRefused(byte[] input) throws IOException {
        if (input.length == 0) {
            return;
        }
        String[] route = ROUTES.get(Math.floorMod(input[0] - 'a', ROUTES.size())).split(" ", -1);
        byte[] body = Arrays.copyOfRange(input, 1, input.length);
        if (!HUB.repositories.exists(MODEL)) {
            new RepositoryEditor(HUB.repositories).create(MODEL, RepoSettings.DEFAULT, "ann");
        }
        assertThat(status(route[0], route[1], body)).isBetween(200, 499);
        if (HUB.repositories.exists(MODEL)) {
            assertThat(HUB.repositories.head(MODEL).files()).allSatisfy(
                    file -> assertThat(HUB.store.size(file.object())).hasValue(file.storedSize()));
        }
    }

    private static int status(String method, String path, byte[] body) throws IOException {
        HttpHeaders headers = new DefaultHttpHeaders();
        headers.set("Authorization", "Bearer " + HUB.token).set("Host", "hub.example");
        headers.set("Accept", "text/html").set("Content-Type", "application/x-www-form-urlencoded");
        RequestBody sent = path.contains("/commit/")
                ? new RequestBody.Arriving(OptionalLong.empty(), new ByteArrayInputStream(body))
                : new RequestBody.Whole(body);
        try {
            Request request = new Request(method, RequestTarget.parse(path), headers, sent, false, "id", null);
            for (RequestHandler handler : HUB.handlers) {
                Optional<Response> answer = handler.handle(request);
                if (answer.isPresent()) {
                    return answer.get().status().code();
                }
            }
            throw new AssertionError("nobody answers " + method + " " + path);
        } catch (HttpException e) {
            return e.status().code();
        }
    }
}
