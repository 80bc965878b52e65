package io.weightspan.server.web;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.AsciiString;
import io.weightspan.server.auth.Sessions;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The page where people sign in with a token, and what signs them out. Thread-safe. */
final class SignIn {

    /** The page's path. */
    static final List<String> PATH = List.of("login");

    private static final Logger LOG = LoggerFactory.getLogger(SignIn.class);

    private static final List<String> OUT = List.of("logout");
    private static final AsciiString FORM = HttpHeaderValues.APPLICATION_X_WWW_FORM_URLENCODED;
    private static final int MAX_FORM = 8192;

    private final Sessions sessions;
    private final Frames frames;
    private final Pages pages;

    SignIn(Sessions sessions, Frames frames, Pages pages) {
        this.sessions = sessions;
        this.frames = frames;
        this.pages = pages;
    }

    /**
     * Answers what is about signing in.
     *
     * @return the answer; empty where the request is about something else
     * @throws HttpException 400, 413 or 415 for a form that can't be read, 403 for one of another site, 405 for a
     *     method that isn't possible
     * @throws IOException if the store can't be read or written
     */
    Optional<Response> answer(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        if (path.equals(PATH)) {
            return Optional.of(request.isRead()
                    ? page(request, HttpResponseStatus.OK, next(request.target().parameter("next", "")), false)
                    : signIn(request));
        }
        return path.equals(OUT) ? Optional.of(signOut(request)) : Optional.empty();
    }

    private Response signIn(Request request) throws HttpException, IOException {
        requireOwn(request);
        String type = request.header(HttpHeaderNames.CONTENT_TYPE);
        if (type == null || !FORM.contentEqualsIgnoreCase(HttpUtil.getMimeType(type))) {
            throw new HttpException(HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "send a form of type " + FORM);
        }
        byte[] body = request.body().bytes();
        if (body.length > MAX_FORM) {
            throw new HttpException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "the form is too large");
        }
        Map<String, List<String>> form = RequestTarget.form(new String(body, StandardCharsets.UTF_8));
        String next = next(only(form, "next"));
        Optional<String> cookie = sessions.begin(only(form, "token").strip(), Sessions.isSecured(request));
        if (cookie.isEmpty()) {
            InetAddress remote = request.remote();
            LOG.warn("somebody at {} could not sign in",
                    remote == null ? "an unknown address" : remote.getHostAddress());
            return page(request, HttpResponseStatus.UNAUTHORIZED, next, true);
        }
        return leadTo(next).with(HttpHeaderNames.SET_COOKIE.toString(), cookie.get());
    }

    private static Response signOut(Request request) throws HttpException {
        requireOwn(request);
        return leadTo("/")
                .with(HttpHeaderNames.SET_COOKIE.toString(), Sessions.end(Sessions.isSecured(request)))
                // What was seen is not to be found by going back.
                .with("Clear-Site-Data", "\"cache\"");
    }

    private Response page(Request request, HttpResponseStatus status, String next, boolean isRefused) {
        Views.Login view = new Views.Login(frames.of(request, "Sign in"), next, isRefused);
        return pages.page(status, "login", view);
    }

    private static Response leadTo(String path) {
        return Response.of(HttpResponseStatus.SEE_OTHER, Body.Bytes.EMPTY)
                .with(HttpHeaderNames.LOCATION.toString(), path)
                .with(HttpHeaderNames.CACHE_CONTROL.toString(), "no-store");
    }

    /** Refuses a form that a page of another site sends, and what is no form. */
    private static void requireOwn(Request request) throws HttpException {
        request.require("POST");
        String site = request.header("Sec-Fetch-Site");
        String origin = request.header(HttpHeaderNames.ORIGIN);
        boolean isOwn = site == null
                ? origin == null || origin.equals(request.baseUrl())
                : site.equals("same-origin") || site.equals("none");
        if (!isOwn) {
            throw new HttpException(HttpResponseStatus.FORBIDDEN, "this form was sent by a page of another site");
        }
    }

    private static String only(Map<String, List<String>> form, String name) throws HttpException {
        List<String> values = form.getOrDefault(name, List.of(""));
        if (values.size() > 1) {
            throw new HttpException(HttpResponseStatus.BAD_REQUEST, "the form holds more than one '" + name + "'");
        }
        return values.getFirst();
    }

    /** Returns a path of this server; the first page's where what is given is none. */
    static String next(String given) {
        if (!given.startsWith("/") || given.startsWith("//") || given.indexOf('\\') >= 0) {
            return "/";
        }
        try {
            RequestTarget.parse(given);
        } catch (HttpException e) {
            LOG.debug("what is to be shown after signing in is no page", e);
            return "/";
        }
        return given;
    }
}
