package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A request's body that is a JSON object.
 *
 * @param json the object
 */
record JsonBody(JsonNode json) {

    JsonBody {
        requireNonNull(json, "json is null");
    }

    /**
     * Reads a body; none at all is the empty object.
     *
     * @throws HttpException 400 if it is something else, 413 if it is too large
     */
    static JsonBody of(Request request) throws HttpException {
        byte[] bytes = request.body().bytes();
        if (bytes.length == 0) {
            return new JsonBody(HubJson.object());
        }
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(bytes);
        } catch (JacksonException e) {
            throw bad("the body isn't JSON").because(e);
        }
        if (!json.isObject()) {
            throw bad("the body isn't a JSON object");
        }
        return new JsonBody(json);
    }

    /**
     * Returns a text that must be there.
     *
     * @throws HttpException 400 if it isn't
     */
    String text(String key) throws HttpException {
        JsonNode value = json.path(key);
        if (!value.isString() || value.stringValue().isEmpty()) {
            throw bad("the body lacks '" + key + "'");
        }
        return value.stringValue();
    }

    /**
     * Returns a text, or the given one where it is missing or null.
     *
     * @throws HttpException 400 if it is no text
     */
    String text(String key, String missing) throws HttpException {
        return json.hasNonNull(key) ? text(key) : missing;
    }

    /** Returns the refusal of a body. */
    static HttpException bad(String message) {
        return new HttpException(HttpResponseStatus.BAD_REQUEST, message);
    }
}
