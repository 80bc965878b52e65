package io.weightspan.server.serve;

import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.Listen;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A server of a new store, with tokens of Ann, who writes below {@code ann}, of Ray, who reads there, and of an
 * administrator, and one that has expired.
 */
public final class TestHub implements Closeable {

    private final HttpClient client = HttpClient.newHttpClient();
    private final String ann = NewToken.create();
    private final String ray = NewToken.create();
    private final String admin = NewToken.create();
    private final String expired = NewToken.create();
    private final ObjectStore store;
    private final StoreServer server;
    private final Path auditLog;

    /** Starts a server of a store in a folder, which leaves what is uploaded as it comes. */
    public TestHub(Path folder) throws IOException {
        this(folder, 0);
    }

    /** Starts a server of a store in a folder, with threads that encode what is uploaded. */
    public TestHub(Path folder, int encoders) throws IOException {
        this(folder, folder.resolve("store").toString(), encoders);
    }

    /**
     * Starts a server of a store that may be elsewhere.
     *
     * @param folder an existing folder, for the tokens and the audit log
     */
    public TestHub(Path folder, String location, int encoders) throws IOException {
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> {
            all.add(token("ann", ann, Role.WRITE, "ann", Optional.empty()));
            all.add(token("root", admin, Role.ADMIN, "x", Optional.empty()));
            all.add(token("ray", ray, Role.READ, "ann", Optional.empty()));
            all.add(token("old", expired, Role.ADMIN, "*", Optional.of(Instant.EPOCH)));
        });
        Tokens tokens = new Tokens(file, InstantSource.system());
        store = Stores.openOrCreate(location);
        auditLog = folder.resolve("audit.log");
        server = StoreServer.start(
                store,
                ServerSettings.of(Listen.plain(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                        .withCacheBytes(1 << 20)
                        .withGuards(repositories -> Guard.of(repositories, tokens, true))
                        .withAuditLog(auditLog)
                        .withEncoders(encoders));
    }

    private static AccessToken token(String name, String secret, Role role, String scope, Optional<Instant> end) {
        return new AccessToken(
                name, name, role, List.of(new Scope(scope)), NewToken.hash(secret), Instant.EPOCH, end);
    }

    /** Returns the token of who may write. */
    public String ann() {
        return ann;
    }

    /** Returns the token of who may only read. */
    public String ray() {
        return ray;
    }

    /** Returns the token of who may do everything. */
    public String admin() {
        return admin;
    }

    /** Returns a token that was good for everything. */
    public String expired() {
        return expired;
    }

    /** Returns what is served. */
    public ObjectStore store() {
        return store;
    }

    /** Returns where it listens. */
    public String url() {
        return server.url();
    }

    /** Returns the log of who wrote. */
    public Path auditLog() {
        return auditLog;
    }

    /** Sends a request. */
    public HttpResponse<byte[]> send(String method, String path, byte[] body, @Nullable String token)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.url() + path))
                .method(method, body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
        store.close();
    }
}
