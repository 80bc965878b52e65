package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.http.Sources.Counting;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server on a real socket, asked by the JDK's client and by hand. */
class HttpServerTest {

    private static final HttpLimits LIMITS = new HttpLimits(
            4,
            8192,
            8192,
            65_536,
            Duration.ofSeconds(30),
            Duration.ofSeconds(30),
            Duration.ofMillis(500),
            Duration.ofSeconds(20),
            64 * 1024,
            3);

    private static final int SIZE = 5_000_017;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"auto", "nio"})
    void streamsRangesAndWholes(String transport) throws Exception {
        System.setProperty(Transport.PROPERTY, transport);
        Counting source = new Counting(SIZE);
        try (HttpServer server = start(Sources.handler(source));
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(get(client, server, "/stream", null).body()).isEqualTo(Sources.bytes(0, SIZE));
            HttpResponse<byte[]> part = get(client, server, "/stream", "bytes=4999000-");
            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.headers().firstValue("Content-Range")).contains("bytes 4999000-5000016/" + SIZE);
            assertThat(part.body()).isEqualTo(Sources.bytes(4_999_000, 1017));
            assertThat(get(client, server, "/stream", "bytes=5000017-").statusCode()).isEqualTo(416);
            assertThat(source.closed).hasValue(2);
        } finally {
            System.clearProperty(Transport.PROPERTY);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "nio"})
    void handsFilesToTheSocket(String transport) throws Exception {
        System.setProperty(Transport.PROPERTY, transport);
        Path file = Files.write(folder.resolve("file"), Sources.bytes(0, SIZE));
        RequestHandler handler = request -> Optional.of(new Representation(
                "f", SIZE, List.of(), (offset, length) -> Body.FileRange.open(file, offset, length))
                .respond(request));
        try (HttpServer server = start(handler);
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(get(client, server, "/f", null).body()).isEqualTo(Sources.bytes(0, SIZE));
            assertThat(get(client, server, "/f", "bytes=7-1000006").body()).isEqualTo(Sources.bytes(7, 1_000_000));
            Files.write(file, new byte[10]);
            assertThat(get(client, server, "/f", null).statusCode()).isEqualTo(500);
        } finally {
            System.clearProperty(Transport.PROPERTY);
        }
    }

    @Test
    void answersPreconditions() throws Exception {
        try (HttpServer server = start(Sources.handler(new Counting(100)));
                HttpClient client = HttpClient.newHttpClient()) {
            assertThat(get(client, server, "/bytes", null, "If-None-Match", "\"x\", W/\"0123abcd\"").statusCode())
                    .isEqualTo(304);
            assertThat(get(client, server, "/bytes", null, "If-None-Match", "\"x\"").statusCode()).isEqualTo(200);
            assertThat(get(client, server, "/bytes", null, "If-Match", "\"x\"").statusCode()).isEqualTo(412);
            assertThat(get(client, server, "/bytes", "bytes=0-1", "If-Range", "\"0123abcd\"").statusCode())
                    .isEqualTo(206);
            assertThat(get(client, server, "/bytes", "bytes=0-1", "If-Range", "\"x\"").statusCode())
                    .isEqualTo(200);
            assertThat(get(client, server, "/bytes", "bytes=0-1,5-6").statusCode()).isEqualTo(200);
        }
    }

    @Test
    void headHasTheLengthOfTheWhole() throws Exception {
        Counting source = new Counting(SIZE);
        try (HttpServer server = start(Sources.handler(source));
                HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest head = HttpRequest.newBuilder(uri(server, "/stream"))
                    .HEAD()
                    .header("Range", "bytes=0-0")
                    .build();
            HttpResponse<byte[]> answer = client.send(head, BodyHandlers.ofByteArray());
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("Content-Length")).contains(Integer.toString(SIZE));
            assertThat(answer.headers().firstValue("ETag")).contains("\"0123abcd\"");
            assertThat(answer.headers().firstValue("Accept-Ranges")).contains("bytes");
            assertThat(answer.headers().firstValue("Date")).isPresent();
            assertThat(source.bytesRead).hasValue(0);
        }
    }

    @Test
    void cutsOffAClientThatTakesNothing() throws Exception {
        Counting source = new Counting(1L << 40);
        try (HttpServer server = start(Sources.handler(source));
                Socket socket = connect(server)) {
            socket.setReceiveBufferSize(4096);
            socket.getOutputStream()
                    .write("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            while (source.closed.get() == 0) {
                Thread.onSpinWait();
            }
            // What the sockets of this machine buffer comes on top of what the server holds.
            assertThat(source.bytesRead.get()).isLessThan(64L << 20);
            assertThat(source.readsAfterClose).hasValue(0);
        }
    }

    @Test
    void freesTheBodyWhenTheClientLeaves() throws Exception {
        Counting source = new Counting(1L << 40);
        try (HttpServer server = start(Sources.handler(source))) {
            try (Socket socket = connect(server)) {
                socket.getOutputStream()
                        .write("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().readNBytes(1_000_000)).hasSize(1_000_000);
            }
            while (source.closed.get() == 0) {
                Thread.onSpinWait();
            }
            assertThat(source.readsAfterClose).hasValue(0);
        }
    }

    @Test
    void turnsAwayWhatIsTooMany() throws Exception {
        try (HttpServer server = start(Sources.handler(new Counting(10)))) {
            List<Socket> sockets = new ArrayList<>();
            try {
                for (int i = 0; i < LIMITS.maxConnections(); i++) {
                    Socket socket = connect(server);
                    sockets.add(socket);
                    assertThat(ask(socket, "/none")).startsWith("HTTP/1.1 404");
                }
                try (Socket further = connect(server)) {
                    assertThat(new String(further.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                            .startsWith("HTTP/1.1 503")
                            .contains("Retry-After: ");
                }
            } finally {
                for (Socket socket : sockets) {
                    socket.close();
                }
            }
        }
    }

    @Test
    void finishesAnswersWhenTold() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stopping = new CountDownLatch(1);
        ContentSource slow = new ContentSource() {
            @Override
            public long length() {
                return 1_000_000;
            }

            @Override
            public void read(long offset, MemorySegment target) throws IOException {
                asked.countDown();
                try {
                    stopping.await();
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
                target.fill((byte) 7);
            }

            @Override
            public void close() {}
        };
        HttpServer server = start(Sources.handler(slow));
        try (HttpClient client = HttpClient.newHttpClient()) {
            CompletableFuture<HttpResponse<byte[]>> answer = client.sendAsync(
                    HttpRequest.newBuilder(uri(server, "/stream")).build(), BodyHandlers.ofByteArray());
            asked.await();
            Thread closing = Thread.ofPlatform().start(server::close);
            while (server.isAccepting()) {
                Thread.onSpinWait();
            }
            stopping.countDown();
            assertThat(answer.get().body()).hasSize(1_000_000).containsOnly(7);
            closing.join();
        }
    }

    @Test
    void answersADefectAndGoesOn() throws Exception {
        try (HttpServer server = start(Sources.handler(new Counting(10)));
                Socket socket = connect(server)) {
            assertThat(ask(socket, "/defect")).startsWith("HTTP/1.1 500");
            assertThat(ask(socket, "/a/..%2Fb")).startsWith("HTTP/1.1 400");
            assertThat(ask(socket, "/none")).startsWith("HTTP/1.1 404");
        }
    }

    private static HttpServer start(RequestHandler handler) throws IOException {
        return HttpServer.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), handler, LIMITS);
    }

    private static Socket connect(HttpServer server) throws IOException {
        return new Socket(server.address().getAddress(), server.address().getPort());
    }

    /** Sends a request by hand and returns the head of the answer, after reading its body too. */
    private static String ask(Socket socket, String path) throws IOException {
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int b = in.read();
            if (b < 0) {
                return head.toString();
            }
            head.append((char) b);
        }
        String length = head.toString().replaceAll("(?is).*content-length: (\\d+).*", "$1");
        in.readNBytes(Integer.parseInt(length));
        return head.toString();
    }

    private static HttpResponse<byte[]> get(
            HttpClient client, HttpServer server, String path, @Nullable String range, String... headers)
            throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(server, path));
        if (range != null) {
            request.header("Range", range);
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofByteArray());
    }

    private static URI uri(HttpServer server, String path) {
        return URI.create("http://127.0.0.1:" + server.address().getPort() + path);
    }
}
