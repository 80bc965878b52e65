package io.weightspan.server.web;

import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes what stands around pages for whoever asks. Thread-safe. */
final class Frames {

    private static final Logger LOG = LoggerFactory.getLogger(Frames.class);

    private final Assets assets;
    private final Visibility visibility;

    Frames(Assets assets, Visibility visibility) {
        this.assets = assets;
        this.visibility = visibility;
    }

    /** Makes the frame of a page right below the first. */
    Frame of(Request request, String title) {
        return of(request, title, "", List.of());
    }

    /**
     * Makes a frame.
     *
     * @param title what the page is about
     * @param query what the search field holds
     * @param crumbs the pages above this one, without the first
     */
    Frame of(Request request, String title, String query, List<Frame.Crumb> crumbs) {
        return new Frame(title, query, crumbs, visitor(request), assets);
    }

    private Frame.Visitor visitor(Request request) {
        try {
            Visibility.Viewer viewer = visibility.of(request);
            Optional<String> name = viewer.name();
            boolean isThere = request.target().segments().equals(SignIn.PATH);
            boolean maySignIn = viewer.maySignIn() && name.isEmpty() && !isThere;
            return new Frame.Visitor(name.orElse(null), maySignIn ? signIn(request) : null);
        } catch (HttpException | IOException e) {
            // The page tells of what is wrong, or of something else that is.
            LOG.debug("request {}: nobody knows who asks", request.id(), e);
            return new Frame.Visitor(null, null);
        }
    }

    /** Returns the link to the page to sign in, which leads back here where that is a page. */
    private static String signIn(Request request) {
        if (!request.isRead()) {
            return "/login";
        }
        RequestTarget here = request.target();
        String query = here.query().entrySet().stream()
                .map(parameter -> RequestTarget.encode(parameter.getKey()) + "="
                        + RequestTarget.encode(parameter.getValue().getFirst()))
                .sorted()
                .collect(Collectors.joining("&"));
        return "/login?next=" + RequestTarget.encode(here.path() + (query.isEmpty() ? "" : "?" + query));
    }
}
