package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import java.time.Duration;

/**
 * What one client may cost the server.
 *
 * <p>A connection holds at most {@code bodyWindow * chunkBytes} bytes of body that are being read, and at most
 * {@link #highWaterMark()} plus as much again that wait for the socket; see {@link #bodyBytesPerConnection()}.
 *
 * @param maxConnections connections open at once; a further one is answered 503 and closed
 * @param maxRequestLine bytes of the request line; a longer one is answered 414
 * @param maxHeaderBytes bytes of all header fields; more are answered 431
 * @param maxRequestBody bytes of a request's body; more are answered 413
 * @param keepAliveIdle how long a connection may wait between two requests
 * @param requestTime how long a request may take from its first byte to its last
 * @param writeStall how long a client may take no byte while bytes wait for it, which is noticed within twice that
 * @param shutdownGrace how long running answers may go on after the server was told to stop
 * @param chunkBytes bytes of body read in one piece, at most
 * @param bodyWindow pieces of one body read at the same time
 */
public record HttpLimits(
        int maxConnections,
        int maxRequestLine,
        int maxHeaderBytes,
        int maxRequestBody,
        Duration keepAliveIdle,
        Duration requestTime,
        Duration writeStall,
        Duration shutdownGrace,
        int chunkBytes,
        int bodyWindow) {

    /** The limits that a server runs with unless told otherwise: at most 4 MiB of body for each connection. */
    public static final HttpLimits DEFAULT = new HttpLimits(
            4096,
            16 * 1024,
            32 * 1024,
            1024 * 1024,
            Duration.ofSeconds(75),
            Duration.ofSeconds(20),
            Duration.ofSeconds(60),
            Duration.ofSeconds(30),
            512 * 1024,
            3);

    /**
     * Checks that each limit can work.
     *
     * @throws IllegalArgumentException if a size is below 1 or a duration isn't positive
     */
    public HttpLimits {
        if (Math.min(Math.min(maxConnections, maxRequestLine), Math.min(maxHeaderBytes, maxRequestBody)) < 1
                || Math.min(chunkBytes, bodyWindow) < 1) {
            throw new IllegalArgumentException("a limit is below 1");
        }
        requirePositive(keepAliveIdle);
        requirePositive(requestTime);
        requirePositive(writeStall);
        requirePositive(shutdownGrace);
    }

    /** Returns the bytes waiting for the socket at which reading of a body pauses. */
    public int highWaterMark() {
        return 2 * chunkBytes;
    }

    /** Returns the most bytes of body that one connection holds. */
    public long bodyBytesPerConnection() {
        return highWaterMark() + 2L * bodyWindow * chunkBytes;
    }

    private static void requirePositive(Duration duration) {
        if (requireNonNull(duration, "duration is null").toMillis() < 1) {
            throw new IllegalArgumentException("a duration is below a millisecond: " + duration);
        }
    }
}
