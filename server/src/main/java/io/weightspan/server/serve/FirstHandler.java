package io.weightspan.server.serve;

import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Has the first of several handlers answer that knows the path.
 *
 * @param handlers in the order in which they are asked
 */
record FirstHandler(List<RequestHandler> handlers) implements RequestHandler {

    FirstHandler {
        handlers = List.copyOf(handlers);
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        for (RequestHandler handler : handlers) {
            Optional<Response> response = handler.handle(request);
            if (response.isPresent()) {
                return response;
            }
        }
        return Optional.empty();
    }

    @Override
    public boolean takesStream(String method, RequestTarget target) {
        return handlers.stream().anyMatch(handler -> handler.takesStream(method, target));
    }
}
