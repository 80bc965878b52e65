package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A server's address and the addresses of what it serves under it. Immutable. */
final class Endpoint {

    private static final String API = "/api/weightspan/v1/";
    private static final String UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final String base;
    private final URI origin;

    /**
     * Checks an address.
     *
     * @param address an http or https address with a host, with or without a path
     * @throws IllegalArgumentException if it is something else, or holds a user, a query or a fragment
     */
    Endpoint(URI address) {
        String scheme = address.getScheme() == null ? "" : address.getScheme().toLowerCase(Locale.ROOT);
        if (!(scheme.equals("http") || scheme.equals("https")) || address.getHost() == null) {
            throw new IllegalArgumentException("not an http or https address: " + address);
        }
        if (address.getRawUserInfo() != null || address.getRawQuery() != null || address.getRawFragment() != null) {
            throw new IllegalArgumentException("the server's address may not hold a user, '?' or '#'");
        }
        String text = address.toString();
        base = text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
        origin = address;
    }

    /** Returns the address of a repo's manifest. */
    URI manifest(RepoName name) {
        return URI.create(base + API + "repos/" + name.repo() + "/revision/" + encode(name.revision()));
    }

    /** Returns the address of an object's stored bytes. */
    URI object(Digest object) {
        return URI.create(base + API + "objects/" + object.hex());
    }

    /** Returns the address at which repos are made. */
    URI create() {
        return URI.create(base + "/api/repos/create");
    }

    /** Returns the address at which something is done to a branch of a repo: preupload, commit or branch. */
    URI change(String what, RepoName name) {
        return URI.create(base + "/api/models/" + name.repo() + "/" + what + "/" + encode(name.revision()));
    }

    /** Returns the address at which one asks where large files go. */
    URI batch(String repo) {
        return URI.create(base + "/" + repo + ".git/info/lfs/objects/batch");
    }

    /** Returns whether connections have TLS. */
    boolean isSecure() {
        return "https".equalsIgnoreCase(origin.getScheme());
    }

    /** Returns whether an address has the scheme, host and port of this server. */
    boolean isSameOrigin(URI other) {
        return other.getHost() != null && origin.getScheme().equalsIgnoreCase(other.getScheme())
                && origin.getHost().equalsIgnoreCase(other.getHost()) && port(origin) == port(other);
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return "https".equalsIgnoreCase(address.getScheme()) ? HTTPS_PORT : HTTP_PORT;
    }

    /** Writes one segment of a path; a slash in it is no separator. */
    private static String encode(String segment) {
        StringBuilder encoded = new StringBuilder();
        for (byte octet : segment.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (octet & 0xFF);
            if (UNRESERVED.indexOf(c) >= 0) {
                encoded.append(c);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return encoded.toString();
    }

    @Override
    public String toString() {
        return base;
    }
}
