package io.weightspan.server.hub;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Cuts a list into pages, as {@code limit} asks, and links to the page that follows. The link's {@code cursor} says how
 * many elements came before; what changes between two pages may be seen twice or not at all.
 *
 * @param first index of the first element
 * @param limit elements of the page, at least 1
 */
record Paging(int first, int limit) {

    /** The largest page, and the one given where none is asked for. */
    static final int MAX = 1000;

    /**
     * Reads the parameters of a request.
     *
     * @throws HttpException 400 where a parameter is no number in range
     */
    static Paging of(Request request) throws HttpException {
        int limit = number(request, "limit", MAX, 1);
        return new Paging(number(request, "cursor", 0, 0), Math.min(limit, MAX));
    }

    /** Returns the elements of this page. */
    <T> List<T> cut(List<T> all) {
        int from = Math.min(first, all.size());
        return all.subList(from, Math.min(all.size(), from + limit));
    }

    /**
     * Adds the link to the next page, where there is one.
     *
     * @throws HttpException 400 where the request names no host for the link
     */
    Response link(Response response, Request request, int total) throws HttpException {
        int next = first + limit;
        if (first >= total || next >= total) {
            return response;
        }
        StringBuilder url = new StringBuilder(request.baseUrl());
        for (String segment : request.target().segments()) {
            url.append('/').append(RequestTarget.encode(segment));
        }
        char separator = '?';
        List<Map.Entry<String, List<String>>> parameters =
                new ArrayList<>(request.target().query().entrySet());
        parameters.sort(Map.Entry.comparingByKey());
        for (Map.Entry<String, List<String>> parameter : parameters) {
            for (String value : parameter.getKey().equals("cursor") ? List.<String>of() : parameter.getValue()) {
                url.append(separator)
                        .append(RequestTarget.encode(parameter.getKey()))
                        .append('=')
                        .append(RequestTarget.encode(value));
                separator = '&';
            }
        }
        url.append(separator).append("cursor=").append(next);
        return response.with("Link", "<" + url + ">; rel=\"next\"");
    }

    private static int number(Request request, String name, int missing, int min) throws HttpException {
        String text = request.target().parameter(name, "");
        if (text.isEmpty()) {
            return missing;
        }
        try {
            int value = Integer.parseInt(text);
            if (value >= min) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw bad(name, min).because(e);
        }
        throw bad(name, min);
    }

    private static HttpException bad(String name, int min) {
        return new HttpException(
                HttpResponseStatus.BAD_REQUEST, "parameter " + name + " must be a number of at least " + min);
    }
}
