package io.weightspan.server.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.weightspan.server.http.RequestTarget;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

/** Signing in as a browser does, and what the cookie is good for then. */
class SignInTest {

    private static final String HTML = "text/html,*/*;q=0.8";

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();
    private TestHub hub;

    @BeforeEach
    void start() throws Exception {
        hub = new TestHub(folder);
        create("open", false);
        create("secret", true);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        hub.close();
    }

    @Test
    void showsWhatTheTokenMayRead() throws Exception {
        HttpResponse<String> hidden = get("/ann/secret?p=1", null);
        assertThat(hidden.statusCode()).isEqualTo(404);
        assertThat(hidden.body()).contains("href=\"/login?next=%2Fann%2Fsecret%3Fp%3D1\"");
        assertThat(get("/", null).body())
                .contains("ann/open")
                .doesNotContain("ann/secret")
                .doesNotContain("not be for everybody");
        assertThat(get("/login?next=/ann/secret", null).body())
                .contains("name=\"next\" value=\"/ann/secret\"", "type=\"password\"");

        HttpResponse<String> in = post("/login", "token=" + hub.ray() + "&next=%2Fann%2Fsecret");
        assertThat(in.statusCode()).isEqualTo(303);
        assertThat(in.headers().firstValue("Location")).hasValue("/ann/secret");
        String cookie = cookie(in);
        HttpResponse<String> page = get("/ann/secret", cookie);
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("Signed in as </span><bdi>ray</bdi>", "Clients need a token here");
        assertThat(page.headers().firstValue("Vary")).hasValue("Accept, Authorization, Cookie");
        assertThat(page.headers().firstValue("Cache-Control")).hasValue("private, no-store");
        assertThat(hidden.headers().firstValue("Cache-Control")).hasValue("private, no-cache");
        assertThat(get("/", cookie).body()).contains("ann/secret");
        assertThat(get("/ann/open", cookie).body()).doesNotContain("Clients need a token here");

        HttpResponse<String> out = post("/logout", "", "Cookie", cookie);
        assertThat(out.statusCode()).isEqualTo(303);
        assertThat(out.headers().firstValue("Set-Cookie").orElseThrow()).startsWith("weightspan=; Max-Age=0;");
    }

    @Test
    void theCookieDownloadsAndSharedCachesKeepOnlyWhatIsPublic() throws Exception {
        String cookie = cookie(post("/login", "token=" + hub.ann()));
        String id = commit("secret");
        HttpResponse<String> file = get("/ann/secret/resolve/" + id + "/a.txt", cookie);
        assertThat(file.body()).isEqualTo("hello");
        assertThat(file.headers().firstValue("Cache-Control")).hasValue("private, max-age=31536000, immutable");
        assertThat(get("/ann/secret/resolve/main/a.txt", cookie).headers().firstValue("Cache-Control"))
                .hasValue("private, no-cache");
        HttpResponse<String> refused = get("/ann/secret/resolve/" + id + "/a.txt", null);
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.body()).contains("<a href=\"/login?next=%2Fann%2Fsecret%2Fresolve%2F" + id + "%2Fa.txt\">");
        String open = commit("open");
        assertThat(get("/ann/open/resolve/" + open + "/a.txt", cookie).headers().firstValue("Cache-Control"))
                .hasValue("public, max-age=31536000, immutable");
    }

    @Test
    void aFirstPageWithoutModelsLeadsToSigningIn() throws Exception {
        byte[] hide = "{\"private\":true}".getBytes(UTF_8);
        assertThat(hub.send("PUT", "/api/models/ann/open/settings", hide, hub.ann()).statusCode()).isEqualTo(200);
        assertThat(get("/", null).body())
                .contains("holds no models that you may see", "<a href=\"/login?next=%2F\">sign in</a>");
    }

    @Test
    void theCookieChangesNothing() throws Exception {
        String cookie = cookie(post("/login", "token=" + hub.admin()));
        String body = "{\"name\":\"made\",\"organization\":\"ann\"}";
        assertThat(post("/api/repos/create", body, "Cookie", cookie).statusCode()).isEqualTo(401);
        assertThat(get("/api/models/ann/open/xet-write-token/main", cookie).statusCode()).isEqualTo(401);
        assertThat(get("/ann/made", cookie).statusCode()).isEqualTo(404);
    }

    @Test
    void theCookieIsNothingToAnApi() throws Exception {
        String cookie = cookie(post("/login", "token=" + hub.admin()));
        assertThat(get("/ann/secret", cookie).statusCode()).isEqualTo(200);
        for (String path : List.of(
                "/api/whoami-v2",
                "/api/models/ann/secret",
                "/api/models/ann/secret/xet-read-token/main",
                "/api/weightspan/v1/repos/ann/secret/revision/main")) {
            assertThat(get(path, cookie).statusCode()).as(path).isEqualTo(401);
        }
        assertThat(get("/api/models", cookie).body()).contains("ann/open").doesNotContain("ann/secret");
        HttpRequest wrong = HttpRequest.newBuilder(URI.create(hub.url() + "/ann/secret"))
                .headers("Accept", HTML, "Cookie", cookie, "Authorization", "Bearer wrong")
                .build();
        assertThat(client.send(wrong, BodyHandlers.ofString()).statusCode()).isEqualTo(401);
    }

    @Test
    void whatIsNoTokenIsToldSoAndNotRepeated() throws Exception {
        for (String token : new String[] {"", "wrong-token", hub.expired()}) {
            HttpResponse<String> answer = post("/login", "token=" + token + "&next=/x");
            assertThat(answer.statusCode()).isEqualTo(401);
            assertThat(answer.headers().firstValue("Set-Cookie")).isEmpty();
            assertThat(answer.body()).contains("This is no token of this server").doesNotContain("wrong-token");
        }
        assertThat(post("/login", "token=" + "x".repeat(9000)).statusCode()).isEqualTo(413);
        assertThat(post("/login", "token=%zz").statusCode()).isEqualTo(400);
        assertThat(post("/login", "token=" + hub.ann() + "&token=x").statusCode()).isEqualTo(400);
        HttpRequest text = HttpRequest.newBuilder(URI.create(hub.url() + "/login"))
                .headers("Accept", HTML, "Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("token=" + hub.ann()))
                .build();
        HttpResponse<String> refused = client.send(text, BodyHandlers.ofString());
        assertThat(refused.statusCode()).isEqualTo(415);
        assertThat(refused.body()).doesNotContain("If it is not for everybody");
        assertThat(Files.readString(hub.auditLog())).doesNotContain("/login");
    }

    @Test
    void theLogSaysWhereSomebodyFailedButNotWithWhat() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger("io.weightspan.server.web.SignIn");
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            post("/login", "token=wrong-token&next=/x");
            post("/login", "token=" + hub.ann() + "&next=/x");
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list).extracting(ILoggingEvent::getLevel, ILoggingEvent::getFormattedMessage)
                .containsExactly(tuple(Level.WARN, "somebody at 127.0.0.1 could not sign in"));
    }

    @Test
    void formsOfOtherSitesAreRefused() throws Exception {
        String form = "token=" + hub.ann();
        assertThat(post("/login", form, "Sec-Fetch-Site", "cross-site").statusCode()).isEqualTo(403);
        assertThat(post("/login", form, "Sec-Fetch-Site", "same-site").statusCode()).isEqualTo(403);
        assertThat(post("/login", form, "Origin", "http://other.example").statusCode()).isEqualTo(403);
        HttpResponse<String> out = post("/logout", "", "Origin", "null");
        assertThat(out.statusCode()).isEqualTo(403);
        assertThat(out.body()).contains("<a class=\"visitor\" href=\"/login\">");
        assertThat(post("/login", form, "Origin", hub.url()).statusCode()).isEqualTo(303);
        assertThat(post("/login", form, "Sec-Fetch-Site", "same-origin").statusCode()).isEqualTo(303);
        assertThat(get("/logout", null).statusCode()).isEqualTo(405);
    }

    @ParameterizedTest
    @CsvSource({
        "/ann/secret, /ann/secret",
        "/search?q=a%20b&page=2, /search?q=a%20b&page=2",
        "'', /",
        "//evil.example, /",
        "/\\evil.example, /",
        "https://evil.example, /",
        "javascript:alert(1), /",
        "evil, /",
        "/../x, /",
        "/a//b, /",
        "'/a\r\nSet-Cookie: x=y', /",
        "'/a b', /",
        "/%0d%0aX: y, /",
    })
    void leadsNowhereElse(String next, String expected) throws Exception {
        HttpResponse<String> answer = post("/login", "token=" + hub.ann() + "&next=" + RequestTarget.encode(next));
        assertThat(answer.headers().firstValue("Location")).hasValue(expected);
        assertThat(answer.headers().allValues("Set-Cookie")).hasSize(1);
    }

    private void create(String name, boolean isPrivate) throws IOException, InterruptedException {
        String body = "{\"name\":\"" + name + "\",\"private\":" + isPrivate + "}";
        assertThat(hub.send("POST", "/api/repos/create", body.getBytes(UTF_8), hub.ann()).statusCode())
                .isEqualTo(200);
    }

    /** Commits a text and returns the commit's id. */
    private String commit(String name) throws IOException, InterruptedException {
        String content = Base64.getEncoder().encodeToString("hello".getBytes(UTF_8));
        String lines = "{\"key\":\"header\",\"value\":{\"summary\":\"s\"}}\n{\"key\":\"file\",\"value\":{\"content\":\""
                + content + "\",\"path\":\"a.txt\",\"encoding\":\"base64\"}}\n";
        HttpResponse<byte[]> answer = hub.send(
                "POST", "/api/models/ann/" + name + "/commit/main", lines.getBytes(UTF_8), hub.ann());
        return answer.headers().firstValue("X-Repo-Commit").orElseThrow();
    }

    private static String cookie(HttpResponse<String> answer) {
        String field = answer.headers().firstValue("Set-Cookie").orElseThrow();
        return field.substring(0, field.indexOf(';'));
    }

    private HttpResponse<String> get(String path, @Nullable String cookie) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(hub.url() + path)).header("Accept", HTML);
        if (cookie != null) {
            request.header("Cookie", cookie);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private HttpResponse<String> post(String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(hub.url() + path))
                .header("Accept", HTML)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }
}
