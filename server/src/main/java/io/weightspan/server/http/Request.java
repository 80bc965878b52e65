package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetAddress;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request. Safe to read from any thread: nobody changes it or its headers. A body that is a stream is read by one.
 *
 * @param method the method as sent, such as {@code GET}
 * @param target the split and decoded target
 * @param headers the header fields
 * @param body the body, empty where there is none
 * @param secured whether the request came by TLS to this server itself
 * @param id what names this request in logs and in {@code X-Request-Id}
 * @param remote who made it, as far as can be known ({@link TrustedProxies}); null where they are gone already
 */
public record Request(String method, RequestTarget target, HttpHeaders headers, RequestBody body, boolean secured,
        String id, @Nullable InetAddress remote) {

    /** What may stand in a host, a port included; keeps header injection out of the links that we build. */
    private static final Pattern HOST =
            Pattern.compile("[A-Za-z0-9._~\\-]{1,253}(:[0-9]{1,5})?|\\[[0-9A-Fa-f:.]{2,45}](:[0-9]{1,5})?");

    /** Tells whether the answer goes without its body. */
    public boolean isHead() {
        return "HEAD".equals(method);
    }

    /** Tells whether the request only reads. */
    public boolean isRead() {
        return isHead() || "GET".equals(method);
    }

    /**
     * Refuses methods other than GET and HEAD.
     *
     * @throws HttpException 405 with {@code Allow}
     */
    public void requireRead() throws HttpException {
        if (!isRead()) {
            throw methodNotAllowed("GET, HEAD");
        }
    }

    /**
     * Refuses other methods than one.
     *
     * @throws HttpException 405 with {@code Allow}
     */
    public void require(String only) throws HttpException {
        if (!method.equals(only)) {
            throw methodNotAllowed(only);
        }
    }

    /** Returns the refusal of this request's method where only the given ones are known. */
    public HttpException methodNotAllowed(String allowed) {
        return new HttpException(HttpResponseStatus.METHOD_NOT_ALLOWED, method + " isn't possible here; use " + allowed)
                .with(HttpHeaderNames.ALLOW.toString(), allowed);
    }

    /** Returns the first value of a header field, or null where it is missing. */
    public @Nullable String header(CharSequence name) {
        return headers.get(name);
    }

    /**
     * Returns the address under which the client reached this server, such as {@code http://host:8640}.
     *
     * <p>Taken from {@code X-Forwarded-Proto} and {@code X-Forwarded-Host} where a proxy sets them, else from
     * {@code Host} and whether the connection has TLS; clients insist that links name the host that they asked.
     *
     * @throws HttpException 400 where no usable host is given
     */
    public String baseUrl() throws HttpException {
        String forwarded = firstOf(header("X-Forwarded-Host"));
        String host = forwarded == null ? header(HttpHeaderNames.HOST) : forwarded;
        if (host == null || !HOST.matcher(host).matches()) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "the request names no usable host");
        }
        String proto = firstOf(header("X-Forwarded-Proto"));
        boolean isHttps = proto == null ? secured : "https".equalsIgnoreCase(proto);
        return (isHttps ? "https://" : "http://") + host;
    }

    /** Each proxy of a chain appends its own value; the first is what the client used. */
    private static @Nullable String firstOf(@Nullable String list) {
        if (list == null) {
            return null;
        }
        int comma = list.indexOf(',');
        return (comma < 0 ? list : list.substring(0, comma)).trim();
    }
}
