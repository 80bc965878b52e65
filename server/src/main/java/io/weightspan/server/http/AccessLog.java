package io.weightspan.server.http;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes a line for each request, at level info of the logger {@value #NAME}: its parts are a message for people, and
 * pairs of keys and values for programs. Whatever a client sends, it stays on its line. Thread-safe.
 */
public final class AccessLog implements RequestListener {

    /** The logger's name. */
    public static final String NAME = "weightspan.access";

    private static final Logger LOG = LoggerFactory.getLogger(NAME);
    private static final int LONGEST = 2_000;
    private static final double NANOS = 1e9;

    @Override
    public void began() {
        // The line comes when all of it is known.
    }

    @Override
    public void ended(EndedRequest request) {
        String path = printable(request.target().map(RequestTarget::path).orElse(""));
        double seconds = request.time().toNanos() / NANOS;
        LOG.atInfo()
                .addKeyValue("request", request.id())
                .addKeyValue("peer", request.peer())
                .addKeyValue("method", printable(request.method()))
                .addKeyValue("path", path)
                .addKeyValue("status", request.status())
                .addKeyValue("bytes", request.responseBytes())
                .addKeyValue("seconds", seconds)
                .addKeyValue("whole", request.isWhole())
                .log("answered");
    }

    /** Replaces what isn't plain ASCII by its code, and cuts what is too long. */
    static String printable(String text) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < Math.min(text.length(), LONGEST); i++) {
            char c = text.charAt(i);
            if (c > ' ' && c < 0x7F && c != '"') {
                out.append(c);
            } else {
                out.append("\\u%04x".formatted((int) c));
            }
        }
        return text.length() > LONGEST ? out.append("...").toString() : out.toString();
    }
}
