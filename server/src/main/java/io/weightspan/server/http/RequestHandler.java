package io.weightspan.server.http;

import java.io.IOException;
import java.util.Optional;

/** Answers requests, off the event loop. Thread-safe. */
@FunctionalInterface
public interface RequestHandler {

    /**
     * Answers a request.
     *
     * @param request the request, whole but for a body that is a stream
     * @return the answer, or empty where the path isn't one of this handler's; for a HEAD the body is ignored
     * @throws HttpException if the answer is a refusal
     * @throws IOException if what the answer needs can't be read; the client is told 500
     */
    Optional<Response> handle(Request request) throws HttpException, IOException;

    /**
     * Tells whether a body that is too large for memory is read as a stream; asked on the event loop, from the
     * request's first line alone.
     *
     * @param method the method as sent
     * @param target the target
     * @return false where such a request is refused with 413 before it is handled
     */
    default boolean takesStream(String method, RequestTarget target) {
        return false;
    }
}
