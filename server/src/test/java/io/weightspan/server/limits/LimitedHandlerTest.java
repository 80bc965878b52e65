package io.weightspan.server.limits;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
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
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each token and each address makes so many requests, and hears when to come back in the Hub's words. */
class LimitedHandlerTest {

    private static final long SECOND = 1_000_000_000;

    @TempDir
    private Path folder;

    private final String ann = NewToken.create();
    private long now = 5;
    private ObjectStore store;
    private LimitedHandler handler;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken(
                "ann", "ann", Role.READ, List.of(new Scope("*")), NewToken.hash(ann), Instant.EPOCH,
                Optional.empty())));
        Guard guard = Guard.of(new Repositories(store), new Tokens(file, InstantSource.system()), true);
        RateLimits limits = new RateLimits(
                Optional.of(new RateLimit(4, Duration.ofSeconds(20))),
                Optional.of(new RateLimit(2, Duration.ofSeconds(10))));
        handler = new LimitedHandler(
                request -> Optional.of(Response.text(HttpResponseStatus.OK, "ok")), guard, limits, () -> now);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void countsEachTokenAndEachAddressByItself() throws Exception {
        for (int i = 0; i < 4; i++) {
            assertThat(handle("/a", ann, "10.0.0.1")).isEqualTo(200);
        }
        refused("/a", ann, "10.0.0.2", 5);
        for (String address : List.of("10.0.0.1", "10.0.0.2", "2001:db8::1")) {
            assertThat(handle("/a", null, address)).isEqualTo(200);
            assertThat(handle("/a", null, address)).isEqualTo(200);
            refused("/a", null, address, 5);
        }
        // Another address of the same network, and a token that is none.
        refused("/a", null, "2001:db8::ffff:2", 5);
        refused("/a", "wst_guessed", "10.0.0.1", 5);
        assertThat(handle("/a", null, "2001:db8:0:1::1")).isEqualTo(200);
    }

    @Test
    void letsComeBackEvenly() throws Exception {
        assertThat(handle("/a", null, "10.0.0.1")).isEqualTo(200);
        assertThat(handle("/a", null, "10.0.0.1")).isEqualTo(200);
        now += 3 * SECOND;
        refused("/a", null, "10.0.0.1", 2);
        now += 2 * SECOND;
        assertThat(handle("/a", null, "10.0.0.1")).isEqualTo(200);
        refused("/a", null, "10.0.0.1", 5);
        now += 1000 * SECOND;
        assertThat(handle("/a", null, "10.0.0.1")).isEqualTo(200);
        assertThat(handle("/a", null, "10.0.0.1")).isEqualTo(200);
        refused("/a", null, "10.0.0.1", 5);
    }

    @Test
    void sparesWhatAsksForHealthAndWhatIsSigned() throws Exception {
        for (int i = 0; i < 10; i++) {
            assertThat(handle("/readyz", null, "10.0.0.1")).isEqualTo(200);
            assertThat(handle("/healthz", null, "10.0.0.1")).isEqualTo(200);
            assertThat(handle("/api/xet/a/b/0123456789abcdef/v1/shards", "signed", "10.0.0.1")).isEqualTo(200);
            assertThat(handle("/a/b.git/info/lfs/objects/" + "0".repeat(64), null, "10.0.0.1")).isEqualTo(200);
        }
    }

    @Test
    void readsRates() {
        assertThat(RateLimit.parse("500/5m")).isEqualTo(new RateLimit(500, Duration.ofMinutes(5)));
        assertThat(RateLimit.parse("1/1s")).isEqualTo(new RateLimit(1, Duration.ofSeconds(1)));
        assertThat(RateLimit.parse("1000000/24h")).isEqualTo(new RateLimit(1_000_000, Duration.ofDays(1)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "500", "500/m", "0/5m", "-1/5m", "1000001/5m", "5/0s", "5/25h", "5/5d", "9999999999/1s"})
    void refusesWhatIsNoRate(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> RateLimit.parse(text));
    }

    private void refused(String path, @Nullable String token, String address, int seconds) {
        assertThatThrownBy(() -> handle(path, token, address)).isInstanceOfSatisfying(HttpException.class, e -> {
            assertThat(e.status()).isEqualTo(HttpResponseStatus.TOO_MANY_REQUESTS);
            assertThat(e.headers())
                    .containsEntry("Retry-After", Integer.toString(seconds))
                    .containsEntry("RateLimit", "\"api\";r=0;t=" + seconds)
                    .containsEntry("RateLimit-Policy", ann.equals(token) ? "\"api\";q=4;w=20" : "\"api\";q=2;w=10");
        });
    }

    private int handle(String path, @Nullable String token, String address) throws HttpException, IOException {
        HttpHeaders headers = new DefaultHttpHeaders();
        if (token != null) {
            headers.set("Authorization", "Bearer " + token);
        }
        Request request = new Request(
                "GET", RequestTarget.parse(path), headers, RequestBody.NONE, false, "id",
                InetAddress.ofLiteral(address));
        return handler.handle(request).orElseThrow().status().code();
    }
}
