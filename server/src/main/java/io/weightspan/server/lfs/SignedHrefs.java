package io.weightspan.server.lfs;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Addresses of objects for one purpose, which need no token and say whose token they were given to. Thread-safe.
 */
final class SignedHrefs {

    /** The parameters that belong to the purpose, in the order that they are signed in. */
    private static final List<String> PARAMETERS = List.of("part", "size", "git", "by");

    private final HrefSigner signer;

    SignedHrefs(HrefSigner signer) {
        this.signer = requireNonNull(signer, "signer is null");
    }

    /**
     * What an address is for.
     *
     * @param method of the request: GET, which stands for HEAD too, PUT or POST
     * @param address the object's address, without a query
     * @param bearer the name of the token that it is given to; empty for nobody's
     * @param until when it ends
     */
    record Purpose(String method, String address, String bearer, Instant until) {}

    /**
     * Makes an address.
     *
     * @param parameters {@code part}, {@code size} and {@code git}, those that matter: {@code name=value}
     * @throws IOException if the store can't be read or written
     */
    String sign(Purpose purpose, String... parameters) throws IOException {
        List<String> query = new ArrayList<>(List.of(parameters));
        if (!purpose.bearer().isEmpty()) {
            query.add("by=" + RequestTarget.encode(purpose.bearer()));
        }
        String href = purpose.address() + "?" + String.join("&", query);
        try {
            String right = right(purpose.method(), RequestTarget.parse(href));
            return href + (query.isEmpty() ? "" : "&") + signer.sign(right, purpose.until()).query();
        } catch (HttpException e) {
            throw new IllegalArgumentException(purpose.address() + " is no address", e);
        }
    }

    /**
     * Lets pass what comes to an address of ours.
     *
     * @throws HttpException 403 for an address that isn't signed for such a request, or has expired
     * @throws IOException if the store can't be read or written
     */
    void require(Request request) throws HttpException, IOException {
        if (!isSigned(request)) {
            throw new HttpException(
                    HttpResponseStatus.FORBIDDEN, "this address is not signed, or has expired; ask for a new one");
        }
    }

    /**
     * Returns the name of the token that a request's address was given to; empty where it is nobody's, or not signed.
     *
     * @throws IOException if the store can't be read or written
     */
    Optional<String> bearer(Request request) throws IOException {
        String bearer = request.target().parameter("by", "");
        return bearer.isEmpty() || !isSigned(request) ? Optional.empty() : Optional.of(bearer);
    }

    private boolean isSigned(Request request) throws IOException {
        RequestTarget target = request.target();
        return signer.allows(
                right(request.isRead() ? "GET" : request.method(), target),
                target.parameter("expires", ""),
                target.parameter("signature", ""));
    }

    private static String right(String method, RequestTarget target) {
        List<String> right = new ArrayList<>(List.of("lfs", method, target.path()));
        PARAMETERS.forEach(name -> right.add(target.parameter(name, "")));
        return String.join("\n", right);
    }
}
