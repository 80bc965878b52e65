package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.util.OptionalLong;

/**
 * The body of a request: in memory where it is small, else read while it arrives.
 *
 * <p>Only a request that a handler {@link RequestHandler#takesStream takes as a stream} has a body of the second kind.
 */
public sealed interface RequestBody {

    /** The body of a request without one. */
    RequestBody NONE = new Whole(new byte[0]);

    /** Returns the number of bytes as the client announced it; empty where it did not. */
    OptionalLong length();

    /**
     * Returns the bytes from the first on. Called once for a stream; reading it blocks until bytes arrive, and throws a
     * {@link RequestBodyException} where the rest won't come.
     */
    InputStream open();

    /**
     * Returns all bytes, not to be changed.
     *
     * @throws HttpException 413 where the body is a stream, and so larger than a body may be here
     */
    byte[] bytes() throws HttpException;

    /** A body that has arrived. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and copied nowhere
    record Whole(byte[] bytes) implements RequestBody {

        @Override
        public OptionalLong length() {
            return OptionalLong.of(bytes.length);
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(bytes);
        }
    }

    /**
     * A body that arrives.
     *
     * @param length as announced
     * @param stream the bytes
     */
    record Arriving(OptionalLong length, InputStream stream) implements RequestBody {

        @Override
        public InputStream open() {
            return stream;
        }

        @Override
        public byte[] bytes() throws HttpException {
            throw new HttpException(
                    HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "the request's body is too large");
        }
    }
}
