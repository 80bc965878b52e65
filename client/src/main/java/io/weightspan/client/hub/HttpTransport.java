package io.weightspan.client.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import javax.net.ssl.SSLHandshakeException;

/**
 * Sends single requests to one server, and follows its redirects of a GET as long as they stay there. Repeats nothing.
 * Thread-safe.
 */
final class HttpTransport implements AutoCloseable {

    private static final int MAX_REDIRECTS = 5;

    /** A slower line gives up: the JDK has no time-out for a body that it sends but the one for the whole. */
    private static final int LEAST_BYTES_PER_SECOND = 1 << 16;

    private static final int SUCCESS = 200;
    private static final int SUCCESS_END = 300;

    private final HttpClient http;
    private final Endpoint endpoint;
    private final HubOptions options;

    /**
     * Creates a transport, which connects when it is first used.
     *
     * @throws HubException of kind {@link HubException.Kind#UNTRUSTED} if the file of certificates can't be used
     * @throws IOException if that file can't be read
     */
    HttpTransport(Endpoint endpoint, HubOptions options) throws IOException {
        this.endpoint = endpoint;
        this.options = options;
        // Without TLS the client of the JDK speaks HTTP/2 only after an upgrade, which servers have given up.
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(endpoint.isSecure() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(options.connectTimeout());
        Path authorities = options.authorities();
        if (authorities != null) {
            builder.sslContext(TrustedCertificates.of(authorities));
        }
        http = builder.build();
    }

    /**
     * An answer.
     *
     * @param status the status
     * @param headers the headers
     * @param body its bytes; {@link #close} stops them
     */
    record Answer(int status, HttpHeaders headers, BodyReader body) implements AutoCloseable {

        /** Returns whether the status says that the request was served. */
        boolean isSuccess() {
            return status >= SUCCESS && status < SUCCESS_END;
        }

        /** Returns a header's first value. */
        Optional<String> header(String name) {
            return headers.firstValue(name);
        }

        /**
         * Returns how long the body says it is.
         *
         * @throws HubException if the header is there and no number
         */
        OptionalLong contentLength() throws HubException {
            try {
                return headers.firstValueAsLong("Content-Length");
            } catch (NumberFormatException e) {
                throw new HubException(HubException.Kind.BAD_ANSWER, "the server sent a bad Content-Length", e);
            }
        }

        /**
         * Reads the whole body.
         *
         * @param limit bytes that it may have
         * @throws HubException of kind {@link HubException.Kind#BAD_ANSWER} if it has more
         * @throws IOException if the connection fails, or the body ends early
         */
        byte[] readAll(int limit) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (ByteBuffer next = body.next(); next != null; next = body.next()) {
                if (next.remaining() > limit - bytes.size()) {
                    throw new HubException(HubException.Kind.BAD_ANSWER,
                            "the server's answer is longer than " + limit + " bytes");
                }
                byte[] chunk = new byte[next.remaining()];
                next.get(chunk);
                bytes.write(chunk, 0, chunk.length);
            }
            return bytes.toByteArray();
        }

        @Override
        public void close() {
            body.close();
        }
    }

    /**
     * Sends a request.
     *
     * @param address an address of the server
     * @param headers further headers
     * @return the answer, whatever its status; the caller closes it
     * @throws HubException of kind {@link HubException.Kind#BAD_ANSWER} if the server sends us elsewhere
     * @throws IOException if the connection fails or the server takes too long
     */
    Answer get(URI address, Map<String, String> headers) throws IOException {
        URI target = address;
        for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
            Answer answer = send(new Sent("GET", target, headers, BodyPublishers.noBody(), 0));
            Optional<String> location = answer.header("Location");
            if (!isRedirect(answer.status) || location.isEmpty()) {
                return answer;
            }
            answer.close();
            target = follow(target, location.get());
        }
        throw new HubException(HubException.Kind.BAD_ANSWER, "the server redirects without an end: " + address);
    }

    private static boolean isRedirect(int status) {
        return switch (status) {
            case 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    private URI follow(URI from, String location) throws HubException {
        URI target;
        try {
            target = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER, "the server redirects to no address", e);
        }
        // Another host could be inside the network of who runs this; and the token is not for others.
        if (!endpoint.isSameOrigin(target)) {
            throw new HubException(HubException.Kind.BAD_ANSWER, "the server redirects to another server, '"
                    + RelativePath.shown(target.toString()) + "', which is refused");
        }
        return target;
    }

    /**
     * A request.
     *
     * @param method the method
     * @param target where it goes
     * @param headers further headers
     * @param body its body
     * @param length of the body, for which it may take longer
     */
    record Sent(String method, URI target, Map<String, String> headers, BodyPublisher body, long length) {}

    /**
     * Sends a request as it is. The token goes with it if its target is this server.
     *
     * @return the answer, whatever its status; the caller closes it
     * @throws HubException of kind {@link HubException.Kind#UNTRUSTED} if there is no agreement on TLS, of kind
     *     {@link HubException.Kind#BAD_ANSWER} if a header can't be one
     * @throws IOException if the connection fails, the body can't be read, or the server takes too long
     */
    Answer send(Sent sent) throws IOException {
        Map<String, String> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        all.put("User-Agent", "weightspan");
        all.put("Accept-Encoding", "identity");
        String token = options.token();
        if (token != null && endpoint.isSameOrigin(sent.target())) {
            all.put("Authorization", "Bearer " + token);
        }
        all.putAll(sent.headers());
        Duration patience = options.readTimeout().plusSeconds(sent.length() / LEAST_BYTES_PER_SECOND);
        HttpRequest.Builder request =
                HttpRequest.newBuilder(sent.target()).timeout(patience).method(sent.method(), sent.body());
        try {
            all.forEach(request::header);
        } catch (IllegalArgumentException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    endpoint + " asks for a header that can't be sent to '"
                            + RelativePath.shown(String.valueOf(sent.target().getAuthority())) + "'",
                    e);
        }
        BodyReader body = new BodyReader(options.readTimeout());
        try {
            HttpResponse<BodyReader> response = http.send(request.build(), head -> body);
            return new Answer(response.statusCode(), response.headers(), body);
        } catch (SSLHandshakeException e) {
            throw new HubException(HubException.Kind.UNTRUSTED, endpoint + ": no agreement on TLS: " + e.getMessage()
                    + "; name the server's certificate, or its issuer's, with --ca-cert FILE", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while asking " + sent.target())
                    .initCause(e);
        }
    }

    /** Ends all transfers. */
    @Override
    public void close() {
        http.shutdownNow();
    }
}
