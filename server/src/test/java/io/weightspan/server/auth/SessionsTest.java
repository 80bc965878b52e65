package io.weightspan.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBody;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a cookie is worth, and to whom. */
class SessionsTest {

    private static final Instant START = Instant.parse("2026-11-24T10:00:00Z");

    @TempDir
    private Path folder;

    private final AtomicReference<Instant> now = new AtomicReference<>(START);
    private final InstantSource clock = now::get;
    private final String secret = NewToken.create();
    private TokenFile file;
    private ObjectStore store;
    private Sessions sessions;

    @BeforeEach
    void open() throws IOException {
        file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(token("ann", secret, Role.ADMIN, Optional.empty())));
        store = Stores.openOrCreate(folder.resolve("store").toString());
        sessions = sessions();
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void theCookieIsForReadingAndOutOfReachOfScriptsAndOtherSites() throws Exception {
        assertThat(sessions.begin(secret, true).orElseThrow()).matches(
                "__Host-weightspan=ann\\.1795557600\\.[0-9a-f]{64}; Max-Age=43200; Expires=[^;]+; Path=/; Secure;"
                        + " HTTPOnly; SameSite=Lax")
                .doesNotContain(secret);
        assertThat(sessions.begin(secret, false).orElseThrow()).matches(
                "weightspan=ann\\.1795557600\\.[0-9a-f]{64}; Max-Age=43200; Expires=[^;]+; Path=/; HTTPOnly;"
                        + " SameSite=Lax");
        assertThat(sessions.begin(NewToken.create(), true)).isEmpty();
        Caller caller = new Caller(sessions.token(request("GET", begun())));
        assertThat(caller.user()).isEqualTo("ann");
        assertThat(caller.may(Role.READ, RepoId.of("any/repo"))).isTrue();
        assertThat(caller.may(Role.WRITE, RepoId.of("any/repo"))).isFalse();
        assertThat(sessions.token(request("POST", begun()))).isEmpty();
    }

    @Test
    void everyServerOfTheStoreKnowsIt() throws Exception {
        assertThat(sessions().token(request("HEAD", "a=b; " + begun()))).isPresent();
    }

    @Test
    void itEndsAfterTwelveHours() throws Exception {
        String cookie = begun();
        now.set(START.plus(Duration.ofHours(12)).minusSeconds(1));
        assertThat(sessions.token(request("GET", cookie))).isPresent();
        now.set(START.plus(Duration.ofHours(12)));
        assertThat(sessions.token(request("GET", cookie))).isEmpty();
    }

    @Test
    void itEndsWithItsToken() throws Exception {
        file.change(all -> all.set(0, token("ann", secret, Role.READ, Optional.of(START.plusSeconds(60)))));
        now.set(START.plusSeconds(10));
        String cookie = sessions.begin(secret, false).orElseThrow();
        assertThat(cookie).contains("ann.1795514460.", "Max-Age=50;");
        now.set(START.plusSeconds(59));
        assertThat(sessions.token(request("GET", value(cookie)))).isPresent();
        now.set(START.plusSeconds(60));
        assertThat(sessions.token(request("GET", value(cookie)))).isEmpty();
    }

    @Test
    void anotherTokenOfTheSameNameDoesNotGoOnWithIt() throws Exception {
        String cookie = begun();
        file.change(all -> all.set(0, token("ann", NewToken.create(), Role.ADMIN, Optional.empty())));
        now.set(START.plusSeconds(10));
        assertThat(sessions.token(request("GET", cookie))).isEmpty();
        file.change(List::clear);
        now.set(START.plusSeconds(20));
        assertThat(sessions.token(request("GET", cookie))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "weightspan=", "weightspan=ann", "weightspan=ann.1795557600.", "x", "=", ";;"})
    void whatIsNoCookieOfOursIsNone(String cookie) throws Exception {
        assertThat(sessions.token(request("GET", cookie))).isEmpty();
    }

    @Test
    void aCookieThatWasChangedIsNone() throws Exception {
        String cookie = begun();
        file.change(all -> all.add(token("bob", NewToken.create(), Role.READ, Optional.empty())));
        now.set(START.plusSeconds(10));
        assertThat(sessions.token(request("GET", cookie))).isPresent();
        assertThat(sessions.token(request("GET", cookie.replace("ann.", "bob.")))).isEmpty();
        assertThat(sessions.token(request("GET", cookie.replace(".1795557600.", ".1795557601.")))).isEmpty();
        assertThat(sessions.token(request("GET", cookie.substring(0, cookie.length() - 1)))).isEmpty();
        assertThat(sessions.token(request("GET", cookie + "0".repeat(5000)))).isEmpty();
    }

    @Test
    void byHttpsOnlyTheNameCountsThatNobodyElseCanSet() throws Exception {
        String plain = begun();
        String secure = value(sessions.begin(secret, true).orElseThrow());
        assertThat(sessions.token(request("GET", "/", secure, true))).isPresent();
        assertThat(sessions.token(request("GET", "/", plain, true))).isEmpty();
        assertThat(sessions.token(request("GET", "/", secure, false))).isEmpty();
        assertThat(sessions.token(request("GET", "/", plain + "; " + secure, true))).isPresent();
    }

    @Test
    void cookiesOfOthersOnTheSameHostAreInNobodysWay() throws Exception {
        assertThat(sessions.token(request("GET", "sso=" + "x".repeat(8000) + "; b@d=\"; " + begun()))).isPresent();
    }

    @ParameterizedTest
    @CsvSource({
        "/, true",
        "/search?q=api, true",
        "/ann/api, true",
        "/ann/m/resolve/main/api, true",
        "/ann/m/resolve/main/a.git, true",
        "/api, false",
        "/api/whoami-v2, false",
        "/api/models/ann/m/xet-read-token/main, false",
        "/api/weightspan/v1/repos/ann/m/revision/main, false",
        "/ann/m.git/info/lfs/objects/batch, false",
    })
    void itIsGoodForPagesAndFilesAlone(String path, boolean isGood) throws Exception {
        assertThat(sessions.token(request("GET", path, begun(), false)).isPresent()).isEqualTo(isGood);
    }

    private Sessions sessions() throws IOException {
        return new Sessions(new HrefSigner(store, clock), new Tokens(file, clock), clock);
    }

    private String begun() throws IOException {
        return value(sessions.begin(secret, false).orElseThrow());
    }

    private static String value(String setCookie) {
        return setCookie.substring(0, setCookie.indexOf(';'));
    }

    private static AccessToken token(String name, String secret, Role role, Optional<Instant> end) {
        return new AccessToken(
                name, name, role, List.of(new Scope(name)), NewToken.hash(secret), Instant.EPOCH, end);
    }

    private static Request request(String method, String cookie) throws Exception {
        return request(method, "/", cookie, false);
    }

    private static Request request(String method, String path, String cookie, boolean secured) throws Exception {
        HttpHeaders headers = new DefaultHttpHeaders().add("Cookie", cookie).add("Host", "hub.example");
        return new Request(
                method, RequestTarget.parse(path), headers, new RequestBody.Whole(new byte[0]), secured, "1", null);
    }
}
