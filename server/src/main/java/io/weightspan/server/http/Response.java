package io.weightspan.server.http;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An answer. Immutable, but for the resources of its body, which whoever sends it closes.
 *
 * @param status the status
 * @param headers further header fields in order; {@code Content-Length} follows from the length and isn't among them
 * @param length the value of {@code Content-Length}, that of the body which a HEAD leaves out included
 * @param body what is sent
 */
public record Response(HttpResponseStatus status, List<Map.Entry<String, String>> headers, long length, Body body) {

    /** Copies the headers. */
    public Response {
        requireNonNull(status, "status is null");
        requireNonNull(body, "body is null");
        headers = List.copyOf(headers);
        if (length < 0) {
            throw new IllegalArgumentException("the length is negative: " + length);
        }
    }

    /** Returns an answer with a body and its length. */
    public static Response of(HttpResponseStatus status, Body body) {
        return new Response(status, List.of(), body.length(), body);
    }

    /** Returns an answer of JSON in UTF-8. */
    public static Response json(HttpResponseStatus status, byte[] json) {
        return of(status, new Body.Bytes(json)).with("Content-Type", "application/json; charset=utf-8");
    }

    /** Returns an answer of one line of plain text. */
    public static Response text(HttpResponseStatus status, String line) {
        return of(status, new Body.Bytes((line + "\n").getBytes(StandardCharsets.UTF_8)))
                .with("Content-Type", "text/plain; charset=utf-8");
    }

    /** Returns the same answer with one more header. */
    public Response with(String name, String value) {
        List<Map.Entry<String, String>> more = new ArrayList<>(headers);
        more.add(Map.entry(name, value));
        return new Response(status, more, length, body);
    }
}
