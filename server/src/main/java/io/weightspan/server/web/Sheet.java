package io.weightspan.server.web;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import java.util.List;
import java.util.Map;

/**
 * One page of a list.
 *
 * @param rows its rows
 * @param number its number, from 1
 * @param pages how many there are, at least 1
 * @param total rows of all pages
 * @param first number of the first row, from 1; 0 where there is none
 * @param link the address to which the number of a page is added
 */
record Sheet<T>(List<T> rows, int number, int pages, int total, int first, String link) {

    /** Rows of a page. */
    static final int ROWS = 100;

    private static final String PARAMETER = "page";

    /**
     * Cuts out the page that a request asks for by {@code page}; one behind the end is empty.
     *
     * @throws HttpException 400 where the parameter is no number of at least 1
     */
    static <T> Sheet<T> of(Request request, List<T> all) throws HttpException {
        int number = number(request);
        int pages = Math.max(1, (all.size() + ROWS - 1) / ROWS);
        int from = (int) Math.min(all.size(), (number - 1L) * ROWS);
        List<T> rows = List.copyOf(all.subList(from, Math.min(all.size(), from + ROWS)));
        return new Sheet<>(rows, number, pages, all.size(), rows.isEmpty() ? 0 : from + 1, link(request));
    }

    /** Returns the same place in the list with rows made of these. */
    <R> Sheet<R> with(List<R> others) {
        return new Sheet<>(others, number, pages, total, first, link);
    }

    /** Returns whether there is a page before this one. */
    boolean hasPrevious() {
        return number > 1;
    }

    /** Returns whether there is a page after this one. */
    boolean hasNext() {
        return number < pages;
    }

    /** Returns the address of the page before, the last one where this is far behind the end. */
    String previous() {
        return link + Math.min(pages, number - 1);
    }

    /** Returns the address of the page after. */
    String next() {
        return link + (number + 1);
    }

    /** Returns which rows these are, such as {@code 101 to 200 of 1,234}. */
    String range() {
        return rows.isEmpty()
                ? "none of " + Numbers.of(total)
                : Numbers.of(first) + " to " + Numbers.of(first + rows.size() - 1L) + " of " + Numbers.of(total);
    }

    private static int number(Request request) throws HttpException {
        String text = request.target().parameter(PARAMETER, "1");
        if (!text.matches("[1-9][0-9]{0,8}")) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "parameter page must be a number of at least 1");
        }
        return Integer.parseInt(text);
    }

    private static String link(Request request) {
        StringBuilder link = new StringBuilder();
        for (String segment : request.target().segments()) {
            link.append('/').append(RequestTarget.encode(segment));
        }
        link.append(link.isEmpty() ? "/?" : "?");
        Map<String, List<String>> query = request.target().query();
        if (query.containsKey("q")) {
            link.append("q=").append(RequestTarget.encode(query.get("q").getFirst())).append('&');
        }
        return link.append(PARAMETER).append('=').toString();
    }
}
