package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** One line for each request, and none of a client's making. */
class AccessLogTest {

    private final Logger logger = (Logger) LoggerFactory.getLogger(AccessLog.NAME);
    private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

    @BeforeEach
    void listen() {
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(lines);
    }

    @Test
    void tellsOfEveryRequest() throws Exception {
        RequestHandler handler = request -> Optional.of(
                Response.json(HttpResponseStatus.OK, new byte[] {'{', '}'}));
        try (HttpServer server = HttpServer.start(
                Listen.plain(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)),
                handler,
                HttpLimits.DEFAULT,
                new AccessLog());
                HttpClient client = HttpClient.newHttpClient()) {
            String url = "http://127.0.0.1:" + server.address().getPort();
            get(client, url + "/a/%C3%BC%20x?signature=secret", "X-Request-Id", "mine-1");
            get(client, url + "/b%0Ac", "X-Amzn-Trace-Id", "trace-2");
            get(client, url + "/c", "X-Request-Id", "no good id");
        }
        assertThat(lines.list).hasSize(3);
        assertThat(values(0)).startsWith("mine-1", "127.0.0.1", "GET", "/a/%C3%BC%20x", "200", "2").endsWith("true");
        assertThat(values(1)).startsWith("trace-2", "127.0.0.1", "GET", "", "400");
        assertThat(values(2).getFirst()).matches("[0-9a-f]{16}");
    }

    @Test
    void keepsALineOneLine() {
        assertThat(AccessLog.printable("GET\r\nfake line\"\u2028"))
                .isEqualTo("GET\\u000d\\u000afake\\u0020line\\u0022\\u2028");
        assertThat(AccessLog.printable("x".repeat(5000))).hasSize(2003);
    }

    private List<String> values(int line) {
        return lines.list.get(line).getKeyValuePairs().stream().map(pair -> String.valueOf(pair.value)).toList();
    }

    private static void get(HttpClient client, String url, String name, String value)
            throws IOException, InterruptedException {
        client.send(HttpRequest.newBuilder(URI.create(url)).header(name, value).build(), BodyHandlers.discarding());
    }
}
