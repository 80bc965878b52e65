package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Turns what went wrong into an answer: the status, {@code {"error": ...}}, and the headers by which clients choose
 * their exception.
 */
final class Refusals {

    private static final Logger LOG = LoggerFactory.getLogger(Refusals.class);

    private static final JsonMapper JSON = JsonMapper.shared();

    private static final int MAX_MESSAGE = 512;

    private Refusals() {}

    /** Returns the answer for a refusal. */
    static Response of(HttpException refusal) {
        byte[] body = JSON.writeValueAsBytes(Map.of("error", refusal.message()));
        Response response = Response.json(refusal.status(), body);
        String code = refusal.code();
        if (code != null) {
            response = response.with("X-Error-Code", code);
        }
        response = response.with("X-Error-Message", fieldValue(refusal.message()));
        for (Map.Entry<String, String> header : refusal.headers().entrySet()) {
            response = response.with(header.getKey(), header.getValue());
        }
        return response;
    }

    /** Returns the answer for anything that a handler threw, and logs what isn't the client's doing. */
    static Response of(Throwable failure, String id) {
        if (failure instanceof HttpException refusal) {
            if (refusal.status().code() >= 500) {
                LOG.warn("request {}: {}", id, refusal.message(), refusal);
            }
            return of(refusal);
        }
        if (failure instanceof RequestBodyException body) {
            return of(new HttpException(body.status(), String.valueOf(body.getMessage())));
        }
        if (failure instanceof IOException) {
            LOG.warn("request {}: what the answer needs can't be read", id, failure);
        } else {
            LOG.error("request {}: a defect of the server", id, failure);
        }
        return of(new HttpException(
                HttpResponseStatus.INTERNAL_SERVER_ERROR, "the server could not answer; its log tells why, see " + id));
    }

    /** Returns the answer for bytes that aren't a request. */
    static Response ofMalformed(@Nullable Throwable cause) {
        if (cause instanceof TooLongHttpLineException) {
            return of(new HttpException(HttpResponseStatus.REQUEST_URI_TOO_LONG, "the request line is too long"));
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return of(new HttpException(
                    HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the header fields are too large"));
        }
        return of(new HttpException(HttpResponseStatus.BAD_REQUEST, "the bytes sent aren't an HTTP request"));
    }

    /** Returns text as a header may carry it: printable ASCII, not too long. A message may quote what a client sent. */
    private static String fieldValue(String text) {
        StringBuilder value = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), MAX_MESSAGE); i++) {
            char c = text.charAt(i);
            value.append(c >= ' ' && c < 0x7F ? c : '?');
        }
        return value.toString();
    }
}
