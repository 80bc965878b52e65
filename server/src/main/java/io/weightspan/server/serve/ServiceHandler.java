package io.weightspan.server.serve;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** What its keeper asks: {@code /} what it is, {@code /healthz} whether it lives, {@code /readyz} whether it serves. */
final class ServiceHandler implements RequestHandler {

    private final Repositories repositories;
    private final BooleanSupplier accepting;

    /**
     * Creates a handler.
     *
     * @param repositories read to see whether the store can be
     * @param accepting tells whether the server takes new requests
     */
    ServiceHandler(Repositories repositories, BooleanSupplier accepting) {
        this.repositories = repositories;
        this.accepting = accepting;
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        if (path.size() > 1) {
            return Optional.empty();
        }
        String what = path.isEmpty() ? "" : path.getFirst();
        Response response =
                switch (what) {
                    case "" ->
                        Response.text(HttpResponseStatus.OK,
                                "Weightspan. Set HF_ENDPOINT to this address to read models.");
                    case "healthz" -> Response.text(HttpResponseStatus.OK, "ok");
                    case "readyz" -> ready();
                    default -> null;
                };
        if (response == null) {
            return Optional.empty();
        }
        request.requireRead();
        return Optional.of(response.with("Cache-Control", "no-store"));
    }

    private Response ready() throws HttpException {
        if (!accepting.getAsBoolean()) {
            // No refusal: those of the server's own doing are logged, and this is asked every few seconds.
            return Response.text(HttpResponseStatus.SERVICE_UNAVAILABLE, "the server is stopping");
        }
        try {
            int count = repositories.list().size();
            return Response.text(HttpResponseStatus.OK, "ready, repositories: " + count);
        } catch (IOException e) {
            throw new HttpException(HttpResponseStatus.SERVICE_UNAVAILABLE, "the store can't be read").because(e);
        }
    }
}
