package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;

/** The rest of a request's body won't come, or isn't what HTTP allows. */
public final class RequestBodyException extends IOException {

    private static final long serialVersionUID = 1L;

    private final transient HttpResponseStatus status;

    /**
     * Creates an exception.
     *
     * @param status what the client is answered, where it still listens
     * @param message what is wrong
     */
    RequestBodyException(HttpResponseStatus status, String message) {
        super(message);
        this.status = status;
    }

    /** Returns what the client is answered, where it still listens. */
    public HttpResponseStatus status() {
        return status;
    }
}
