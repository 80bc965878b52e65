package io.weightspan.server.http;

import java.time.Duration;
import java.util.Optional;

/**
 * A request whose answer was sent, whole or not.
 *
 * @param id what names it in logs and in {@code X-Request-Id}
 * @param method the method as sent; empty where no request could be read
 * @param target what was asked for; empty where that could not be read
 * @param peer the address of who made it; of a proxy that is not trusted, the proxy's
 * @param status the answer's status code
 * @param requestBytes bytes of the request's body as announced; 0 where nothing was
 * @param responseBytes bytes of the answer's body, of which fewer were sent where it isn't whole
 * @param time from the end of the request's head to the end of the answer
 * @param isWhole whether all of the answer was sent
 */
public record EndedRequest(
        String id,
        String method,
        Optional<RequestTarget> target,
        String peer,
        int status,
        long requestBytes,
        long responseBytes,
        Duration time,
        boolean isWhole) {}
