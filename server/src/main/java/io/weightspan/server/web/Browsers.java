package io.weightspan.server.web;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.weightspan.server.http.Request;
import java.util.Locale;

/** Tells browsers from the Hub's clients: only a browser asks for HTML by name. */
final class Browsers {

    /** Elements of the field that are looked at. */
    private static final int MAX_RANGES = 32;

    private Browsers() {}

    /**
     * Returns whether a request asks for HTML. A range such as <code>*&#47;*</code>, which clients of every kind send,
     * doesn't.
     *
     * @param request the request
     */
    static boolean wantHtml(Request request) {
        String accept = request.header(HttpHeaderNames.ACCEPT);
        if (accept == null) {
            return false;
        }
        for (String range : accept.toLowerCase(Locale.ROOT).split(",", MAX_RANGES)) {
            String[] parts = range.split(";", -1);
            if (parts[0].strip().equals("text/html") && !isRefused(parts)) {
                return true;
            }
        }
        return false;
    }

    /** Whether a parameter says that the type is not wanted: {@code q=0}. */
    private static boolean isRefused(String[] parts) {
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].strip().matches("q=0(\\.0{0,3})?")) {
                return true;
            }
        }
        return false;
    }
}
