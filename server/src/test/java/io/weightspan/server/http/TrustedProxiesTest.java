package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrustedProxiesTest {

    private static final TrustedProxies PROXIES = TrustedProxies.of(List.of("10.0.0.0/8", "fd00::/8", "192.0.2.9"));

    private static String client(TrustedProxies proxies, String peer, String... forwarded)
            throws UnknownHostException {
        HttpHeaders headers = new DefaultHttpHeaders();
        for (String field : forwarded) {
            headers.add("x-forwarded-for", field);
        }
        InetAddress client = proxies.client(InetAddress.ofLiteral(peer), headers);
        return requireNonNull(client, "client is null").getHostAddress();
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, '203.0.113.5', 203.0.113.5",
        // Whatever a client wrote itself stands before what the first trusted proxy saw.
        "10.1.2.3, '127.0.0.1, 203.0.113.5', 203.0.113.5",
        "10.1.2.3, '203.0.113.5, 192.0.2.9, 10.9.9.9', 203.0.113.5",
        "10.1.2.3, '203.0.113.5:4711', 203.0.113.5",
        "10.1.2.3, '[2001:db8::5]:4711', 2001:db8:0:0:0:0:0:5",
        "10.1.2.3, '2001:db8::5', 2001:db8:0:0:0:0:0:5",
        "fd00:0:0:0:0:0:0:1, '203.0.113.5', 203.0.113.5",
        "10.1.2.3, '10.4.5.6', 10.4.5.6",
        "10.1.2.3, 'unknown', 10.1.2.3",
        "10.1.2.3, '203.0.113.5, example.org, 10.4.5.6', 10.4.5.6",
        "10.1.2.3, '', 10.1.2.3",
        "192.0.2.8, '203.0.113.5', 192.0.2.8",
        "11.1.2.3, '203.0.113.5', 11.1.2.3",
    })
    void believesOnlyThoseItKnows(String peer, String forwarded, String client) throws UnknownHostException {
        assertThat(client(PROXIES, peer, forwarded)).isEqualTo(client);
        assertThat(client(TrustedProxies.NONE, peer, forwarded)).isEqualTo(peer);
    }

    @Test
    void readsSeveralFieldsAsOneList() throws UnknownHostException {
        assertThat(client(PROXIES, "10.0.0.1", "203.0.113.5", "203.0.113.6, 10.0.0.2")).isEqualTo("203.0.113.6");
        assertThat(client(PROXIES, "10.0.0.1")).isEqualTo("10.0.0.1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8/8", "example.org",
        "localhost/8", "*"})
    void refusesWhatIsNoNetwork(String text) {
        assertThatThrownBy(() -> TrustedProxies.of(List.of(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void tellsHandlersWhoseTheRequestIs() throws Exception {
        RequestHandler handler = request -> Optional.of(Response.json(
                HttpResponseStatus.OK,
                requireNonNull(request.remote(), "remote is null").getHostAddress().getBytes(StandardCharsets.UTF_8)));
        Listen listen = Listen.plain(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .behind(TrustedProxies.of(List.of("127.0.0.1")));
        try (HttpServer server = HttpServer.start(listen, handler, HttpLimits.DEFAULT);
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest
                    .newBuilder(URI.create("http://127.0.0.1:" + server.address().getPort() + "/"))
                    .header("X-Forwarded-For", "203.0.113.5")
                    .build();
            assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo("203.0.113.5");
        }
    }
}
