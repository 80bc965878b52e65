package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request that isn't answered as asked, with everything the answer says: status, code, message and headers. */
public final class HttpException extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient HttpResponseStatus status;
    private final @Nullable String code;
    private final transient Map<String, String> headers;

    /**
     * Creates an answer without a code.
     *
     * @param status a status of 400 or above
     * @param message what is wrong, for the person at the client
     */
    public HttpException(HttpResponseStatus status, String message) {
        this(status, null, message);
    }

    /**
     * Creates an answer with a code.
     *
     * @param status a status of 400 or above
     * @param code the value of {@code X-Error-Code}, by which clients choose their exception; null for none
     * @param message what is wrong, for the person at the client
     */
    public HttpException(HttpResponseStatus status, @Nullable String code, String message) {
        this(status, code, message, Map.of());
    }

    private HttpException(
            HttpResponseStatus status, @Nullable String code, String message, Map<String, String> headers) {
        super(message);
        this.status = status;
        this.code = code;
        this.headers = headers;
    }

    /** Returns the same answer with one more header. */
    public HttpException with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        HttpException copy = new HttpException(status, code, message(), more);
        copy.setStackTrace(getStackTrace());
        return copy;
    }

    /** Says what led to the refusal, for the log; returns the same. To be called last. */
    public HttpException because(Throwable cause) {
        initCause(cause);
        return this;
    }

    /** Returns the status of the answer. */
    public HttpResponseStatus status() {
        return status;
    }

    /** Returns the value of {@code X-Error-Code}, or null for none. */
    public @Nullable String code() {
        return code;
    }

    /** Returns the message, never null. */
    public String message() {
        String message = getMessage();
        return message == null ? status.reasonPhrase() : message;
    }

    /** Returns further headers of the answer, in order. */
    public Map<String, String> headers() {
        return headers;
    }
}
