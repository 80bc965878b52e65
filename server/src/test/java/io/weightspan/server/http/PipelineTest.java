package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.weightspan.server.http.Sources.Counting;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The handlers of a connection, without a socket: input cut at every byte, limits, order, timeouts. */
class PipelineTest {

    private static final HttpLimits LIMITS = new HttpLimits(
            10,
            200,
            400,
            1000,
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            Duration.ofSeconds(3),
            Duration.ofSeconds(1),
            1024,
            3);

    private final Counting stream = new Counting(10_000);

    /** What the workers are to do, done one by one, since an embedded channel runs tasks inside of writes. */
    private final Queue<Runnable> work = new ArrayDeque<>();

    @Test
    void answersWhateverTheCuts() {
        String requests = "GET /bytes HTTP/1.1\r\nHost: h\r\nRange: bytes=0-3\r\n\r\n"
                + "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
                + "HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n"
                + "GET /none HTTP/1.1\r\nHost: h\r\n\r\n"
                + "GET /stream HTTP/1.1\r\nHost: h\r\nRange: bytes=9998-\r\n\r\n";
        String whole = exchange(requests.length(), requests);
        assertThat(whole).contains("hello").containsIgnoringCase("content-range: bytes 0-3/10000");
        assertThat(statuses(whole)).isEqualTo("206 200 200 404 206 ");
        for (int cut = 1; cut < requests.length(); cut++) {
            assertThat(exchange(cut, requests)).as("cut at %d", cut).isEqualTo(whole);
        }
    }

    @Test
    void answersByteByByte() {
        String request = "GET /stream HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc\r\n\r\n";
        EmbeddedChannel channel = channel();
        for (byte b : request.getBytes(StandardCharsets.US_ASCII)) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {b}));
        }
        String answer = output(channel);
        assertThat(answer).containsIgnoringCase("x-request-id: abc").containsIgnoringCase("content-length: 10000");
        assertThat(answer.substring(answer.indexOf("\r\n\r\n") + 4))
                .isEqualTo(new String(Sources.bytes(0, 10_000), StandardCharsets.ISO_8859_1));
        assertThat(stream.closed).hasValue(1);
        assertThat(stream.readsAfterClose).hasValue(0);
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @CsvSource({
        "300, 0, 0, 414",
        "10, 500, 0, 431",
        "10, 10, 2000, 413",
    })
    void refusesWhatIsTooLarge(int line, int header, int body, int status) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(ascii("POST /" + "a".repeat(line) + " HTTP/1.1\r\nHost: h\r\nX: " + "b".repeat(header)
                + "\r\nContent-Length: " + body + "\r\n\r\n" + "c".repeat(body)));
        String answer = output(channel);
        assertThat(answer).startsWith("HTTP/1.1 " + status).containsIgnoringCase("connection: close")
                .contains("{\"error\":");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GARBAGE|400",
                "GET /a/../b HTTP/1.1|400",
                "GET /a/%zz HTTP/1.1|400",
                "GET /none HTTP/1.1|404",
                "GET / HTTP/1.1|404",
                "GET /defect HTTP/1.1|500",
                "GET /unreadable HTTP/1.1|500",
            })
    void refusesWithJson(String line, int status) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(ascii(line + "\r\nHost: h\r\n\r\n"));
        assertThat(output(channel))
                .startsWith("HTTP/1.1 " + status)
                .containsIgnoringCase("x-error-message: ")
                .containsIgnoringCase("x-request-id: ")
                .contains("{\"error\":");
        channel.finishAndReleaseAll();
    }

    @Test
    void staysUsableAfterARefusal() {
        EmbeddedChannel channel = channel();
        channel.writeInbound(ascii("GET /a/%00 HTTP/1.1\r\nHost: h\r\n\r\n"));
        assertThat(statuses(output(channel))).isEqualTo("400 ");
        channel.writeInbound(ascii("GET /stream HTTP/1.1\r\nHost: h\r\nRange: bytes=10000-\r\n\r\n"));
        assertThat(output(channel)).startsWith("HTTP/1.1 416").containsIgnoringCase("content-range: bytes */10000");
        channel.writeInbound(ascii("GET /bytes HTTP/1.1\r\nHost: h\r\n\r\n"));
        assertThat(statuses(output(channel))).isEqualTo("200 ");
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
    }

    @Test
    void endsTheConnectionWhenTheClientAsks() {
        EmbeddedChannel channel = channel();
        channel.writeInbound(ascii("GET /bytes HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
        assertThat(output(channel)).containsIgnoringCase("connection: close");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void endsTheConnectionWhenABodyFails() {
        Counting broken = new Counting(10_000, 5_000);
        EmbeddedChannel channel = channel(broken);
        channel.writeInbound(ascii("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
        String answer = output(channel);
        assertThat(answer).containsIgnoringCase("content-length: 10000");
        assertThat(answer.length()).isLessThan(6_000);
        assertThat(channel.isOpen()).isFalse();
        assertThat(broken.closed).hasValue(1);
        channel.finishAndReleaseAll();
    }

    @Test
    void readsNoFurtherThanTheClientTakes() {
        Counting large = new Counting(1_000_000);
        EmbeddedChannel channel = channel(large);
        channel.writeInbound(ascii("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
        work.remove().run();
        channel.runPendingTasks();
        // From here on the client takes nothing.
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        work(channel);
        assertThat(large.bytesRead.get()).isBetween(1L, LIMITS.bodyBytesPerConnection());
        channel.unsafe().outboundBuffer().setUserDefinedWritability(1, true);
        assertThat(output(channel).length()).isGreaterThan(1_000_000);
        channel.finishAndReleaseAll();
    }

    @Test
    void readsNothingMoreWhenTheClientIsGone() {
        Counting large = new Counting(1_000_000);
        EmbeddedChannel channel = channel(large);
        channel.writeInbound(ascii("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
        work.remove().run();
        channel.runPendingTasks();
        channel.close().syncUninterruptibly();
        work(channel);
        assertThat(large.bytesRead.get()).isLessThan(10_000);
        assertThat(large.closed).hasValue(1);
        assertThat(large.readsAfterClose).hasValue(0);
        channel.finishAndReleaseAll();
    }

    @Test
    void timesOutASlowRequestThoughBytesTrickle() {
        EmbeddedChannel channel = channel();
        channel.freezeTime();
        channel.writeInbound(ascii("GET /bytes HT"));
        for (int i = 0; i < 2; i++) {
            channel.advanceTimeBy(800, TimeUnit.MILLISECONDS);
            channel.runScheduledPendingTasks();
            channel.writeInbound(ascii("T"));
        }
        assertThat(channel.isOpen()).isTrue();
        channel.advanceTimeBy(800, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(output(channel)).startsWith("HTTP/1.1 408");
        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void closesAnIdleConnectionQuietly() {
        EmbeddedChannel channel = channel();
        channel.freezeTime();
        channel.writeInbound(ascii("GET /bytes HTTP/1.1\r\nHost: h\r\n\r\n"));
        assertThat(statuses(output(channel))).isEqualTo("200 ");
        channel.advanceTimeBy(4, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isTrue();
        channel.advanceTimeBy(2, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isOpen()).isFalse();
        assertThat(output(channel)).isEmpty();
        channel.finishAndReleaseAll();
    }

    private String exchange(int cut, String requests) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(ascii(requests.substring(0, cut)));
        channel.writeInbound(ascii(requests.substring(cut)));
        String answers = output(channel).replaceAll("(?i)x-request-id: \\w+|date: [^\r]+", "");
        assertThat(channel.isOpen()).isTrue();
        channel.finishAndReleaseAll();
        return answers;
    }

    private EmbeddedChannel channel() {
        return channel(stream);
    }

    private EmbeddedChannel channel(ContentSource source) {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.config().setAutoRead(false);
        Protocols.addPlain(channel,
                new ServerContext(Sources.handler(source), work::add, work::add, LIMITS, false, TrustedProxies.NONE,
                        () -> false,
                        RequestListener.NONE));
        channel.pipeline().fireChannelActive();
        return channel;
    }

    private void work(EmbeddedChannel channel) {
        channel.runPendingTasks();
        for (Runnable task = work.poll(); task != null; task = work.poll()) {
            task.run();
            channel.runPendingTasks();
        }
    }

    private static ByteBuf ascii(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    private String output(EmbeddedChannel channel) {
        work(channel);
        StringBuilder text = new StringBuilder();
        for (ByteBuf bytes = channel.readOutbound(); bytes != null; bytes = channel.readOutbound()) {
            text.append(bytes.toString(StandardCharsets.ISO_8859_1));
            bytes.release();
        }
        return text.toString();
    }

    private static String statuses(String answers) {
        StringBuilder found = new StringBuilder();
        Matcher matcher =
                Pattern.compile("HTTP/1\\.1 (\\d{3})").matcher(answers);
        while (matcher.find()) {
            found.append(matcher.group(1)).append(' ');
        }
        return found.toString();
    }
}
