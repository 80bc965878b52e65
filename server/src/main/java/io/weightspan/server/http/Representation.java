package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Something with bytes and a strong entity tag, of which a client may ask a part.
 *
 * @param tag what the entity tag holds between its quotes: letters and digits that stand for these bytes alone
 * @param size the bytes in all
 * @param headers further headers of every answer, 304 and 416 included
 * @param content opens the bytes
 */
public record Representation(String tag, long size, List<Map.Entry<String, String>> headers, Content content) {

    /** Opens the bytes of a representation. */
    @FunctionalInterface
    public interface Content {

        /**
         * Opens a part.
         *
         * @param offset of the first byte
         * @param length the number of bytes, at least 1
         * @throws IOException if the bytes can't be read
         */
        Body open(long offset, long length) throws IOException;
    }

    /**
     * Returns the {@code Cache-Control} of bytes that never change at their address.
     *
     * @param isPublic whether caches that many share may keep them
     */
    public static String forEver(boolean isPublic) {
        return (isPublic ? "public" : "private") + ", max-age=31536000, immutable";
    }

    /**
     * Answers a GET or HEAD: the preconditions of RFC 9110 first, then the range.
     *
     * @param request a request that reads; for a HEAD the content is not opened and {@code Range} is ignored
     * @throws HttpException 412 for a failed {@code If-Match}, 416 for a range past the end
     * @throws IOException if the content can't be opened
     */
    public Response respond(Request request) throws HttpException, IOException {
        String match = request.header(HttpHeaderNames.IF_MATCH);
        if (match != null && !names(match, false)) {
            throw failure(HttpResponseStatus.PRECONDITION_FAILED, "the entity tag is another: " + quoted());
        }
        String noneMatch = request.header(HttpHeaderNames.IF_NONE_MATCH);
        if (noneMatch != null && names(noneMatch, true)) {
            // A 304 has no body; the length it may state is that of the 200 it stands for.
            return new Response(HttpResponseStatus.NOT_MODIFIED, fields(), size, Body.Bytes.EMPTY);
        }
        if (request.isHead()) {
            return new Response(HttpResponseStatus.OK, fields(), size, Body.Bytes.EMPTY);
        }
        ByteRange.Parsed parsed = ByteRange.parse(rangeField(request), size);
        return switch (parsed.outcome()) {
            case UNSATISFIABLE -> throw failure(
                    HttpResponseStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                    "the range begins past the end of " + size + " bytes")
                    .with(HttpHeaderNames.CONTENT_RANGE.toString(), "bytes */" + size);
            case PART -> part(parsed.range());
            case WHOLE -> new Response(HttpResponseStatus.OK, fields(), size, open(0, size));
        };
    }

    private Response part(@Nullable ByteRange range) throws IOException {
        if (range == null) {
            throw new IllegalArgumentException("a part without its range");
        }
        List<Map.Entry<String, String>> fields = new ArrayList<>(fields());
        fields.add(Map.entry(HttpHeaderNames.CONTENT_RANGE.toString(), range.contentRange(size)));
        return new Response(
                HttpResponseStatus.PARTIAL_CONTENT, fields, range.length(), open(range.first(), range.length()));
    }

    private Body open(long offset, long length) throws IOException {
        return length == 0 ? Body.Bytes.EMPTY : content.open(offset, length);
    }

    /** Returns the range to honour: none where {@code If-Range} names other bytes or a date, which we never send. */
    private @Nullable String rangeField(Request request) {
        String condition = request.header(HttpHeaderNames.IF_RANGE);
        return condition == null || condition.trim().equals(quoted()) ? request.header(HttpHeaderNames.RANGE) : null;
    }

    private boolean names(String list, boolean weakly) {
        for (String item : list.split(",", -1)) {
            String tagged = item.trim();
            String strong = weakly && tagged.startsWith("W/") ? tagged.substring(2) : tagged;
            if (strong.equals("*") || strong.equals(quoted())) {
                return true;
            }
        }
        return false;
    }

    private HttpException failure(HttpResponseStatus status, String message) {
        HttpException failure = new HttpException(status, message);
        for (Map.Entry<String, String> field : fields()) {
            // The body of the refusal is another thing than the representation, with a type of its own.
            if (!HttpHeaderNames.CONTENT_TYPE.contentEqualsIgnoreCase(field.getKey())) {
                failure = failure.with(field.getKey(), field.getValue());
            }
        }
        return failure;
    }

    private List<Map.Entry<String, String>> fields() {
        List<Map.Entry<String, String>> fields = new ArrayList<>(headers);
        fields.add(Map.entry(HttpHeaderNames.ETAG.toString(), quoted()));
        fields.add(Map.entry(HttpHeaderNames.ACCEPT_RANGES.toString(), "bytes"));
        return fields;
    }

    private String quoted() {
        return '"' + tag + '"';
    }
}
