package io.weightspan.server.http;

import java.io.IOException;
import java.util.Optional;

/** Answers requests, off the event loop. Thread-safe. */
@FunctionalInterface
public interface RequestHandler {

    /**
     * Answers a request.
     *
     * @param request the whole request
     * @return the answer, or empty where the path isn't one of this handler's; for a HEAD the body is ignored
     * @throws HttpException if the answer is a refusal
     * @throws IOException if what the answer needs can't be read; the client is told 500
     */
    Optional<Response> handle(Request request) throws HttpException, IOException;
}
