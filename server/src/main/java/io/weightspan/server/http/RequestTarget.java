package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The target of a request, split before it is decoded.
 *
 * <p>A segment may hold slashes, since a client sends the revision {@code feat/x} as {@code feat%2Fx}. No segment is
 * empty, holds a control character, or has {@code .} or {@code ..} between its slashes. Immutable.
 *
 * @param segments the path's segments, percent-decoded; empty for the path {@code /}
 * @param query the query's parameters, decoded; the lists are in order of appearance and never empty
 */
public record RequestTarget(List<String> segments, Map<String, List<String>> query) {

    /** Parameters beyond these are dropped, so that hashing them stays cheap. */
    private static final int MAX_PARAMETERS = 512;

    /** Copies the lists. */
    public RequestTarget {
        segments = List.copyOf(segments);
        query = Map.copyOf(query);
    }

    /**
     * Parses the target of a request line.
     *
     * @param raw origin form ({@code /path?query}) or absolute form ({@code http://host/path?query})
     * @throws HttpException 400 for another form, a wrong percent-encoding, bytes that aren't UTF-8, an empty segment
     *     other than the last, a {@code .} or {@code ..}, a control character or a character that a URI can't hold
     */
    public static RequestTarget parse(String raw) throws HttpException {
        String origin = originForm(raw);
        int mark = origin.indexOf('?');
        String path = mark < 0 ? origin : origin.substring(0, mark);
        return new RequestTarget(segments(path),
                mark < 0 ? Map.of() : parameters(origin.substring(mark + 1), MAX_PARAMETERS));
    }

    /** Encodes whatever isn't unreserved (RFC 3986), so that the text can stand anywhere in a URL. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    /** Returns the path, each segment encoded, without the query: that may hold a signature, which gives a right. */
    public String path() {
        return segments.stream().map(RequestTarget::encode).collect(Collectors.joining("/", "/", ""));
    }

    /** Returns the first value of a query parameter, or the given one where it is missing. */
    public String parameter(String name, String missing) {
        List<String> values = query.get(name);
        return values == null ? missing : values.getFirst();
    }

    /**
     * Tells whether a query parameter is set to yes: {@code true} or {@code 1} in any case, as clients of all ages send
     * it.
     */
    public boolean flag(String name) {
        String value = parameter(name, "");
        return "true".equalsIgnoreCase(value) || "1".equals(value);
    }

    /**
     * Decodes {@code name=value&...}, as the body of a form holds it.
     *
     * @throws HttpException 400 for a wrong percent-encoding
     */
    public static Map<String, List<String>> form(String body) throws HttpException {
        return parameters(body, Integer.MAX_VALUE);
    }

    private static Map<String, List<String>> parameters(String raw, int max) throws HttpException {
        try {
            return QueryStringDecoder.builder()
                    .hasPath(false)
                    .maxParams(max)
                    .build(raw)
                    .parameters();
        } catch (IllegalArgumentException e) {
            throw bad("a parameter holds a wrong percent-encoding").because(e);
        }
    }

    private static String originForm(String raw) throws HttpException {
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c <= ' ' || c >= 0x7F) {
                throw bad("the request target holds a character that a URI can't hold");
            }
        }
        String target = raw;
        if (raw.regionMatches(true, 0, "http://", 0, 7) || raw.regionMatches(true, 0, "https://", 0, 8)) {
            int slash = raw.indexOf('/', raw.indexOf("//") + 2);
            target = slash < 0 ? "/" : raw.substring(slash);
        }
        int fragment = target.indexOf('#');
        if (!target.startsWith("/") || fragment >= 0) {
            throw bad("the request target isn't a path");
        }
        return target;
    }

    private static List<String> segments(String path) throws HttpException {
        List<String> segments = new ArrayList<>();
        int from = 1;
        while (from < path.length()) {
            int slash = path.indexOf('/', from);
            int to = slash < 0 ? path.length() : slash;
            if (to == from) {
                throw bad("the path holds an empty segment");
            }
            segments.add(checked(decode(path.substring(from, to))));
            from = to + 1;
        }
        return segments;
    }

    /** Decodes strictly: what isn't {@code %} and two hexadecimal digits, or isn't UTF-8, is refused. */
    private static String decode(String segment) throws HttpException {
        if (segment.indexOf('%') < 0) {
            return segment;
        }
        ByteBuffer bytes = ByteBuffer.allocate(segment.length());
        for (int i = 0; i < segment.length(); i++) {
            char c = segment.charAt(i);
            if (c != '%') {
                bytes.put((byte) c);
                continue;
            }
            int high = i + 2 < segment.length() ? Character.digit(segment.charAt(i + 1), 16) : -1;
            int low = i + 2 < segment.length() ? Character.digit(segment.charAt(i + 2), 16) : -1;
            if (high < 0 || low < 0) {
                throw bad("the path holds a wrong percent-encoding");
            }
            bytes.put((byte) (high << 4 | low));
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw bad("the path isn't UTF-8").because(e);
        }
    }

    private static String checked(String segment) throws HttpException {
        for (int i = 0; i < segment.length(); i++) {
            if (Character.isISOControl(segment.charAt(i))) {
                throw bad("the path holds a control character");
            }
        }
        for (String part : segment.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                throw bad("the path holds an empty name, '.' or '..'");
            }
        }
        return segment;
    }

    private static HttpException bad(String message) {
        return new HttpException(HttpResponseStatus.BAD_REQUEST, message);
    }
}
