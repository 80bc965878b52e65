package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** Any bytes are a request or refused with a status of our own; nothing else escapes, and no path leaves its folder. */
class HttpFuzzTest {

    /** The bytes come in two pieces, cut where the first of them says. */
    @FuzzTest
    void anyBytesAreAnsweredOrRefused(byte[] bytes) {
        Queue<Runnable> work = new ArrayDeque<>();
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.config().setAutoRead(false);
        Protocols.addPlain(
                channel,
                new ServerContext(HttpFuzzTest::answer, work::add, work::add, HttpLimits.DEFAULT, false,
                        TrustedProxies.NONE, () -> false,
                        RequestListener.NONE));
        channel.pipeline().fireChannelActive();
        int cut = bytes.length == 0 ? 0 : (bytes[0] & 0xFF) % (bytes.length + 1);
        channel.writeInbound(Unpooled.copiedBuffer(bytes, 0, cut));
        if (channel.isOpen()) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes, cut, bytes.length - cut));
        }
        channel.runPendingTasks();
        for (Runnable task = work.poll(); task != null; task = work.poll()) {
            task.run();
            channel.runPendingTasks();
        }
        channel.checkException();
        StringBuilder answers = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            answers.append(out.toString(StandardCharsets.ISO_8859_1));
            out.release();
        }
        assertThat(answers.toString()).matches("(?s)(HTTP/1\\.1 [1-4].*)?").doesNotContain("HTTP/1.1 5");
        channel.finishAndReleaseAll();
    }

    @FuzzTest
    void anyTextIsATargetOrRefused(byte[] bytes) {
        String raw = new String(bytes, StandardCharsets.ISO_8859_1);
        try {
            RequestTarget target = RequestTarget.parse(raw);
            for (String segment : target.segments()) {
                assertThat(segment).isNotEmpty();
                assertThat(segment.chars().noneMatch(Character::isISOControl)).isTrue();
                assertThat(segment.split("/", -1)).doesNotContain("", ".", "..");
            }
        } catch (HttpException e) {
            assertThat(e.status()).isEqualTo(HttpResponseStatus.BAD_REQUEST);
        }
    }

    @FuzzTest
    void anyRangeLiesWithinTheFile(byte[] bytes) {
        String field = new String(bytes, StandardCharsets.ISO_8859_1);
        for (long size : new long[] {0, 1, 1000, Long.MAX_VALUE}) {
            ByteRange range = ByteRange.parse(field, size).range();
            if (range != null) {
                assertThat(range.first()).isBetween(0L, size - 1);
                assertThat(range.length()).isBetween(1L, size - range.first());
            }
        }
    }

    private static Optional<Response> answer(Request request) throws HttpException {
        String base = request.header("X-Forwarded-Host") == null ? "" : request.baseUrl();
        return Optional.of(Response.text(HttpResponseStatus.OK, base + request.target().flag("x")));
    }
}
