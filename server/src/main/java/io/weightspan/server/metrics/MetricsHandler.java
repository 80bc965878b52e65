package io.weightspan.server.metrics;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.Response;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Answers {@code /metrics}. Thread-safe. */
public final class MetricsHandler implements RequestHandler {

    private final ServerMetrics metrics;

    /**
     * Creates a handler.
     *
     * @param metrics what it answers with
     */
    public MetricsHandler(ServerMetrics metrics) {
        this.metrics = requireNonNull(metrics, "metrics is null");
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException {
        if (!request.target().segments().equals(List.of("metrics"))) {
            return Optional.empty();
        }
        request.requireRead();
        byte[] text = metrics.text().getBytes(StandardCharsets.UTF_8);
        return Optional.of(Response.of(HttpResponseStatus.OK, new Body.Bytes(text))
                .with("Content-Type", ServerMetrics.MEDIA_TYPE)
                .with("Cache-Control", "no-store"));
    }
}
