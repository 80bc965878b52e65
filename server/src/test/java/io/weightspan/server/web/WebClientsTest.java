package io.weightspan.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.serve.StoreServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages beside the API on one server: each client gets what it understands. */
class WebClientsTest {

    @TempDir
    private static Path folder;

    private static WebSite site;
    private static StoreServer server;
    private static HttpClient client;

    @BeforeAll
    static void start() throws Exception {
        site = WebSite.make(folder);
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = StoreServer.start(site.store, any, HttpLimits.DEFAULT, 1 << 20);
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() throws Exception {
        client.close();
        server.close();
        site.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/, 200, text/plain; charset=utf-8",
        "/fam/tune-1, 404, application/json; charset=utf-8",
        "/nothing, 404, application/json; charset=utf-8",
        "/families/fam, 404, application/json; charset=utf-8",
        "/fam/tune-1/resolve/main/none, 404, application/json; charset=utf-8",
        "/api/models/fam/none, 404, application/json; charset=utf-8",
        "/healthz, 200, text/plain; charset=utf-8",
    })
    void clientsOfTheHubSeeNoPage(String target, int status, String type) throws Exception {
        for (String accept : List.of("*/*", "application/json", "")) {
            HttpResponse<String> response = get(target, accept);
            assertThat(response.statusCode()).isEqualTo(status);
            assertThat(response.headers().firstValue("Content-Type")).contains(type);
            assertThat(response.headers().firstValue("Content-Security-Policy")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/api/models", "/api/models/fam/tune-1", "/healthz", "/fam/tune-1/resolve/main/config.json"})
    void theApiIsTheSameForABrowser(String target) throws Exception {
        HttpResponse<String> browsers = get(target, WebSite.ACCEPT);
        assertThat(browsers.statusCode()).isEqualTo(200);
        assertThat(browsers.body()).isEqualTo(get(target, "*/*").body());
        assertThat(browsers.headers().firstValue("Content-Type").orElseThrow()).doesNotContain("html");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/fam/tune-1/resolve/main/none", "/api/models/fam/none", "/datasets/a/b", "/x/y/z", "/a//b"})
    void aBrowserIsRefusedByAPage(String target) throws Exception {
        HttpResponse<String> response = get(target, WebSite.ACCEPT);
        int status = target.equals("/a//b") ? 400 : 404;
        assertThat(response.statusCode()).isEqualTo(status);
        if (status == 404) {
            assertThat(response.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
            assertThat(response.body()).contains("<h1>Not Found</h1>");
        }
    }

    @Test
    void aHeadTellsThePagesLength() throws Exception {
        HttpRequest head = HttpRequest.newBuilder(URI.create(server.url() + "/fam/tune-1"))
                .header("Accept", "text/html")
                .HEAD()
                .build();
        HttpResponse<Void> response = client.send(head, BodyHandlers.discarding());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValueAsLong("Content-Length").orElse(0)).isGreaterThan(1000);
    }

    private static HttpResponse<String> get(String target, String accept) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server.url() + target));
        if (!accept.isEmpty()) {
            request.header("Accept", accept);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }
}
