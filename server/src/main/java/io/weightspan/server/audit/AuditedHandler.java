package io.weightspan.server.audit;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.BearerNames;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBodyException;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.repo.RepoId;
import java.io.IOException;
import java.net.InetAddress;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Has another handler answer, and logs every request that may write before its answer is sent. Thread-safe. */
public final class AuditedHandler implements RequestHandler {

    private final RequestHandler inner;
    private final AuditLog log;
    private final BearerNames callers;
    private final InstantSource clock;

    /**
     * Creates a handler.
     *
     * @param inner answers
     * @param log is told of it
     * @param callers knows who asks
     * @param clock what a line's time comes from
     */
    public AuditedHandler(RequestHandler inner, AuditLog log, BearerNames callers, InstantSource clock) {
        this.inner = requireNonNull(inner, "inner is null");
        this.log = requireNonNull(log, "log is null");
        this.callers = requireNonNull(callers, "callers is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * {@inheritDoc}
     *
     * @throws HttpException 503 where the log can't be written; found before anything is done if it can be
     */
    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        if (AuditedPath.isQuestion(request)) {
            return inner.handle(request);
        }
        try {
            log.check();
        } catch (IOException e) {
            throw unavailable("nothing was done").because(e);
        }
        ObjectNode line = line(request);
        Optional<Response> response;
        try {
            response = inner.handle(request);
        } catch (HttpException | IOException | RuntimeException | Error e) {
            write(line, status(e), null);
            throw e;
        }
        try {
            HttpResponseStatus status = response.map(Response::status).orElse(HttpResponseStatus.NOT_FOUND);
            write(line, status, response.map(AuditedHandler::commit).orElse(null));
        } catch (HttpException e) {
            if (response.isPresent()) {
                response.get().body().close();
            }
            throw e;
        }
        return response;
    }

    @Override
    public boolean takesStream(String method, RequestTarget target) {
        return inner.takesStream(method, target);
    }

    /** Returns what is known before the request is answered, which may end the token that it came with. */
    private ObjectNode line(Request request) throws IOException {
        InetAddress remote = request.remote();
        String caller = callers.of(request).orElse(null);
        return JsonMapper.shared()
                .createObjectNode()
                .put("time", "")
                .put("request", request.id())
                .put("caller", caller)
                .put("address", remote == null ? null : remote.getHostAddress())
                .put("method", request.method())
                .put("path", request.target().path())
                .put(
                        "repository",
                        AuditedPath.repository(request, caller).map(RepoId::toString).orElse(null));
    }

    private void write(ObjectNode line, HttpResponseStatus status, @Nullable String commit) throws HttpException {
        line.put("time", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString())
                .put("status", status.code())
                .put("commit", commit);
        try {
            log.append(JsonMapper.shared().writeValueAsBytes(line));
        } catch (IOException e) {
            throw unavailable("what was asked for may have been done").because(e);
        }
    }

    private static HttpResponseStatus status(Throwable failure) {
        if (failure instanceof HttpException refusal) {
            return refusal.status();
        }
        return failure instanceof RequestBodyException body ? body.status() : HttpResponseStatus.INTERNAL_SERVER_ERROR;
    }

    private static @Nullable String commit(Response response) {
        return response.headers().stream()
                .filter(header -> header.getKey().equalsIgnoreCase(HubErrors.COMMIT_HEADER))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private static HttpException unavailable(String outcome) {
        return new HttpException(
                HttpResponseStatus.SERVICE_UNAVAILABLE, "the audit log can't be written, " + outcome);
    }
}
