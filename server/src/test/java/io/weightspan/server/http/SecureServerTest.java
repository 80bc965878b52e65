package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.Sources.Counting;
import io.weightspan.server.tls.ReloadingIdentity;
import io.weightspan.server.tls.TestIdentity;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the server answers without TLS, asked with TLS by each version of HTTP. */
class SecureServerTest {

    private static final int SIZE = 5_000_017;
    private static final HttpLimits LIMITS = new HttpLimits(
            8, 8192, 8192, 65_536, Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(10),
            Duration.ofSeconds(20), 64 * 1024, 3);

    private static final TestIdentity IDENTITY = TestIdentity.named("server");

    @TempDir
    private static Path folder;

    private static ReloadingIdentity tls;

    @BeforeAll
    static void identity() throws IOException {
        tls = ReloadingIdentity.read(
                IDENTITY.writeCertificate(folder.resolve("c.pem")), IDENTITY.writeKey(folder.resolve("k.pem")));
    }

    @ParameterizedTest
    @EnumSource
    void streamsRangesAndWholes(Version version) throws Exception {
        Counting source = new Counting(SIZE);
        try (HttpServer server = start(Sources.handler(source));
                HttpClient client = client(version)) {
            HttpResponse<byte[]> whole = get(client, server, "/stream", "Accept", "*/*");
            assertThat(whole.version()).isEqualTo(version);
            assertThat(whole.headers().firstValue("Content-Length")).contains(Integer.toString(SIZE));
            assertThat(whole.headers().firstValue("X-Request-Id")).isPresent();
            assertThat(whole.body()).isEqualTo(Sources.bytes(0, SIZE));
            HttpResponse<byte[]> part = get(client, server, "/stream", "Range", "bytes=4999000-");
            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.body()).isEqualTo(Sources.bytes(4_999_000, 1017));
            assertThat(get(client, server, "/stream", "Range", "bytes=5000017-").statusCode()).isEqualTo(416);
            assertThat(get(client, server, "/bytes", "If-None-Match", "\"0123abcd\"").statusCode()).isEqualTo(304);
            assertThat(get(client, server, "/none", "Accept", "*/*").statusCode()).isEqualTo(404);
            assertThat(get(client, server, "/defect", "Accept", "*/*").statusCode()).isEqualTo(500);
            assertThat(source.closed).hasValue(2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsFilesAndManyAtOnce(Version version) throws Exception {
        Path file = Files.write(folder.resolve("file-" + version), Sources.bytes(0, SIZE));
        RequestHandler handler = request -> Optional.of(new Representation(
                "f", SIZE, List.of(), (offset, length) -> Body.FileRange.open(file, offset, length))
                .respond(request));
        try (HttpServer server = start(handler);
                HttpClient client = client(version)) {
            List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                answers.add(client.sendAsync(
                        request(server, "/f", "Range", "bytes=" + (7 + i) + "-3000006").build(),
                        BodyHandlers.ofByteArray()));
            }
            for (int i = 0; i < 6; i++) {
                assertThat(answers.get(i).get().body()).isEqualTo(Sources.bytes(7 + i, 3_000_000 - i));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void takesBodies(Version version) throws Exception {
        byte[] content = Sources.bytes(0, SIZE);
        CRC32 expected = new CRC32();
        expected.update(content);
        try (HttpServer server = start(new Checksums());
                HttpClient client = client(version)) {
            var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(content));
            for (var body : List.of(BodyPublishers.ofByteArray(content), chunked)) {
                assertThat(client.send(request(server, "/sum", "A", "b").PUT(body).build(), BodyHandlers.ofString())
                        .body()).isEqualTo(expected.getValue() + " " + SIZE + "\n");
            }
            var small = BodyPublishers.ofString("123456789");
            // The check value of CRC-32.
            assertThat(client.send(request(server, "/sum", "A", "b").PUT(small).build(), BodyHandlers.ofString())
                    .body()).isEqualTo("3421780262 9\n");
            assertThat(client.send(
                    request(server, "/refuse", "A", "b").PUT(BodyPublishers.ofByteArray(content)).build(),
                    BodyHandlers.ofString()).statusCode()).isEqualTo(401);
            if (version == Version.HTTP_2) {
                // By HTTP/1.1 such an answer ends the connection, which a client may see first.
                assertThat(client.send(
                        request(server, "/small", "A", "b").POST(BodyPublishers.ofByteArray(content)).build(),
                        BodyHandlers.ofString()).statusCode()).isEqualTo(413);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void finishesAnswersWhenTold(Version version) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch stopping = new CountDownLatch(1);
        HttpServer server = start(Sources.handler(new Waiting(asked, stopping)));
        try (HttpClient client = client(version)) {
            CompletableFuture<HttpResponse<byte[]>> answer =
                    client.sendAsync(request(server, "/stream", "A", "b").build(), BodyHandlers.ofByteArray());
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

    /** A million sevens, none before it is told. */
    private record Waiting(CountDownLatch asked, CountDownLatch told) implements ContentSource {

        @Override
        public long length() {
            return 1_000_000;
        }

        @Override
        public void read(long offset, java.lang.foreign.MemorySegment target) throws IOException {
            asked.countDown();
            try {
                told.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            target.fill((byte) 7);
        }

        @Override
        public void close() {}
    }

    /** Answers the CRC-32 and the length of a body. */
    private static final class Checksums implements RequestHandler {

        @Override
        public boolean takesStream(String method, RequestTarget target) {
            return method.equals("PUT");
        }

        @Override
        public Optional<Response> handle(Request request) throws HttpException, IOException {
            if (request.target().segments().contains("refuse")) {
                throw new HttpException(HttpResponseStatus.UNAUTHORIZED, "no");
            }
            CRC32 sum = new CRC32();
            long length = 0;
            try (InputStream in = request.body().open()) {
                byte[] buffer = new byte[8191];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    sum.update(buffer, 0, n);
                    length += n;
                }
            }
            return Optional.of(Response.text(HttpResponseStatus.OK, sum.getValue() + " " + length));
        }
    }

    private static HttpServer start(RequestHandler handler) throws IOException {
        return HttpServer.start(
                new Listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls), handler, LIMITS);
    }

    private static HttpClient client(Version version) {
        return HttpClient.newBuilder().version(version).sslContext(IDENTITY.trust()).build();
    }

    private static HttpRequest.Builder request(HttpServer server, String path, String name, String value) {
        return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.address().getPort() + path))
                .timeout(Duration.ofSeconds(20))
                .header(name, value);
    }

    private static HttpResponse<byte[]> get(
            HttpClient client, HttpServer server, String path, String name, String value) throws Exception {
        return client.send(request(server, path, name, value).build(), BodyHandlers.ofByteArray());
    }
}
