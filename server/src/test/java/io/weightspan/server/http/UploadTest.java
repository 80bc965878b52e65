package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bodies that are too large for memory, from a client's socket to a handler. */
class UploadTest {

    private static final int SIZE = 3_000_017;
    private static final HttpLimits LIMITS = new HttpLimits(
            64, 4096, 8192, 1000, Duration.ofSeconds(20), Duration.ofSeconds(2), Duration.ofSeconds(20),
            Duration.ofSeconds(5), 4096, 2);

    private final byte[] content = Sources.bytes(0, SIZE);
    private final BlockingQueue<IOException> failures = new LinkedBlockingQueue<>();
    private final CountDownLatch mayRead = new CountDownLatch(1);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.start(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), new Uploads(), LIMITS);
    }

    @AfterEach
    void stop() {
        mayRead.countDown();
        server.close();
    }

    /** Answers the SHA-256 of a body, or refuses it. */
    private final class Uploads implements RequestHandler {

        @Override
        public boolean takesStream(String method, RequestTarget target) {
            return method.equals("PUT") && !target.segments().contains("small");
        }

        @Override
        public Optional<Response> handle(Request request) throws HttpException, IOException {
            switch (request.target().segments().getFirst()) {
                case "refuse" -> throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "no");
                case "wait" -> await();
                default -> {
                }
            }
            try (InputStream in = request.body().open()) {
                return Optional.of(Response.text(HttpResponseStatus.OK, sha256(in)));
            } catch (IOException e) {
                failures.add(e);
                throw e;
            }
        }

        private void await() throws IOException {
            try {
                mayRead.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
    }

    @Test
    void readsABodyOfKnownLength() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = put(client, "/sha", BodyPublishers.ofByteArray(content));
            assertThat(answer.body()).isEqualTo(sha256(new ByteArrayInputStream(content)) + "\n");
            assertThat(put(client, "/sha", BodyPublishers.ofString("hello")).body())
                    .isEqualTo("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\n");
            assertThat(put(client, "/sha", BodyPublishers.noBody()).body())
                    .isEqualTo("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
        }
    }

    @Test
    void readsABodyInChunks() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(content));
            assertThat(put(client, "/sha", chunked).body())
                    .isEqualTo(sha256(new ByteArrayInputStream(content)) + "\n");
        }
    }

    @Test
    void refusesWhatNobodyTakesAndStaysUp() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            assertThat(put(client, "/refuse", BodyPublishers.ofByteArray(content)).statusCode()).isEqualTo(401);
            assertThat(put(client, "/sha", BodyPublishers.ofString("hello")).statusCode()).isEqualTo(200);
        }
        try (Socket socket = connect()) {
            head(socket, "/small", SIZE, "");
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 413 Request Entity Too Large");
        }
    }

    @Test
    void refusesBeforeTheClientSends() throws Exception {
        try (Socket socket = connect()) {
            head(socket, "/refuse", SIZE, "Expect: 100-continue\r\n");
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 401 Unauthorized");
        }
        try (Socket socket = connect()) {
            head(socket, "/sha", SIZE, "Expect: 100-continue\r\n");
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 100 Continue");
            assertThat(firstLine(socket)).isEmpty();
            socket.getOutputStream().write(content);
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 200 OK");
        }
    }

    @Test
    void takesNoMoreThanTheHandlerReads() throws Exception {
        Thread sender;
        try (Socket socket = connect()) {
            socket.setSendBufferSize(64 * 1024);
            head(socket, "/wait", 1L << 30, "");
            sender = Thread.ofVirtual().start(() -> sendForEver(socket));
            sender.join(Duration.ofSeconds(1));
            // A gigabyte would have gone by now; and a handler that is slow is no fault of the client.
            assertThat(sender.isAlive()).isTrue();
        }
        sender.join();
        mayRead.countDown();
        assertThat(failures.poll(10, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void tellsTheHandlerThatTheClientIsGone() throws Exception {
        try (Socket socket = connect()) {
            head(socket, "/sha", SIZE, "");
            socket.getOutputStream().write(content, 0, 1_000_000);
        }
        assertThat(failures.poll(10, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void endsABodyThatDoesNotArrive() throws Exception {
        try (Socket socket = connect()) {
            head(socket, "/sha", SIZE, "");
            socket.getOutputStream().write(content, 0, 200_000);
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 408 Request Timeout");
        }
        assertThat(failures.poll(10, TimeUnit.SECONDS)).isInstanceOf(RequestBodyException.class);
    }

    @Test
    void refusesChunksThatAreNone() throws Exception {
        try (Socket socket = connect()) {
            write(socket, "PUT /sha HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
            assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 400 Bad Request");
        }
    }

    private void sendForEver(Socket socket) {
        try {
            for (int i = 0; i < 300; i++) {
                socket.getOutputStream().write(content);
            }
        } catch (IOException e) {
            return; // the end of the test
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void head(Socket socket, String path, long length, String more) throws IOException {
        write(socket, "PUT " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + length + "\r\n" + more + "\r\n");
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    private static String firstLine(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = socket.getInputStream().read(); c >= 0 && c != '\n'; c = socket.getInputStream().read()) {
            line.append((char) c);
        }
        return line.toString().strip();
    }

    private HttpResponse<String> put(HttpClient client, String path, java.net.http.HttpRequest.BodyPublisher body)
            throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + path);
        return client.send(
                java.net.http.HttpRequest.newBuilder(uri).PUT(body).build(), BodyHandlers.ofString());
    }

    private static String sha256(InputStream in) throws IOException {
        try {
            MessageDigest hash = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[8191];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                hash.update(Arrays.copyOf(buffer, n));
            }
            return HexFormat.of().formatHex(hash.digest());
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
