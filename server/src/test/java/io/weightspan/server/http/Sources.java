package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Bodies for tests: byte i is a function of i, so that any mix-up shows. */
final class Sources {

    private Sources() {}

    static byte byteAt(long i) {
        return (byte) (i * 31 + (i >>> 8) * 7 + (i >>> 16));
    }

    static byte[] bytes(long offset, int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = byteAt(offset + i);
        }
        return bytes;
    }

    /** Counts what is read and whether it is closed; fails at an offset if asked to. */
    static final class Counting implements ContentSource {

        final AtomicLong bytesRead = new AtomicLong();
        final AtomicInteger closed = new AtomicInteger();
        final AtomicInteger readsAfterClose = new AtomicInteger();
        private final long length;
        private final long failAt;

        Counting(long length) {
            this(length, Long.MAX_VALUE);
        }

        Counting(long length, long failAt) {
            this.length = length;
            this.failAt = failAt;
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public long pieceEnd(long offset, long limit) {
            long aligned = (offset / 1000 + 1) * 1000;
            return Math.min(limit, aligned);
        }

        @Override
        public void read(long offset, MemorySegment target) throws IOException {
            if (closed.get() > 0) {
                readsAfterClose.incrementAndGet();
            }
            if (offset + target.byteSize() > failAt) {
                throw new IOException("a fault put here by the test");
            }
            for (long i = 0; i < target.byteSize(); i++) {
                target.set(ValueLayout.JAVA_BYTE, i, byteAt(offset + i));
            }
            bytesRead.addAndGet(target.byteSize());
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    /** Answers every path: {@code /bytes}, {@code /stream}, {@code /broken}, {@code /echo}, and 404 for the rest. */
    static RequestHandler handler(ContentSource stream) {
        return request -> {
            if (request.target().segments().isEmpty()) {
                return Optional.empty();
            }
            return switch (request.target().segments().getFirst()) {
                case "bytes" -> Optional.of(representation(
                        10_000, (offset, length) -> new Body.Bytes(bytes(offset, (int) length)))
                        .respond(request));
                case "stream" -> Optional.of(representation(
                        stream.length(), (offset, length) -> new Body.Streamed(stream, offset, length))
                        .respond(request));
                case "echo" -> Optional.of(Response.of(
                        HttpResponseStatus.OK, new Body.Bytes(request.body().bytes())));
                case "defect" -> throw new IllegalStateException("a defect put here by the test");
                case "unreadable" -> throw new IOException("a fault put here by the test");
                default -> Optional.empty();
            };
        };
    }

    private static Representation representation(long size, Representation.Content content) {
        return new Representation(
                "0123abcd", size, List.of(Map.entry("Content-Type", "application/octet-stream")),
                content);
    }
}
