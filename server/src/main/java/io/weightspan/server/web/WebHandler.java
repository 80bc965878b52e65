package io.weightspan.server.web;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.auth.Sessions;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.hub.HubErrors;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoNotFoundException;
import io.weightspan.server.repo.Repositories;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pages that people see. Answers browsers only, which ask for {@code text/html}; the Hub's clients never do, and
 * get what they would get without this. Thread-safe.
 */
public final class WebHandler implements RequestHandler, Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(WebHandler.class);

    /** How long a look at all branches is good for other visitors. */
    private static final Duration KEPT = Duration.ofSeconds(2);

    /** Families with more weights than this are not analysed beside the requests. */
    private static final long MOST_ANALYSED = 1L << 30;

    private static final Duration LONGEST_ANALYSIS = Duration.ofMinutes(15);

    private static final int LARGEST_FAMILIES = 10;
    private static final int FOUND_FAMILIES = 20;
    private static final int MAX_QUERY = 200;

    /** First parts of paths that are the Hub's API, or tell its clients that there is nothing of another kind. */
    private static final Set<String> OF_THE_HUB = Set.of("api", "datasets", "spaces", "kernels");

    private final Visibility visibility;
    private final Catalogs catalogs;
    private final FamilyReports reports;
    private final ModelPages models;
    private final Pages pages = new Pages();
    private final Assets assets;
    private final Frames frames;
    private final Optional<SignIn> signIn;

    /**
     * Creates a handler of pages where nobody signs in.
     *
     * @param repositories what is shown; their store is open until this is closed
     * @param visibility decides who sees what of it
     * @throws IOException if a style sheet or script is not on the class path
     */
    public WebHandler(Repositories repositories, Visibility visibility) throws IOException {
        this(repositories, visibility, Optional.empty());
    }

    /**
     * Creates a handler.
     *
     * @param repositories what is shown; their store is open until this is closed
     * @param visibility decides who sees what of it
     * @param sessions of those who sign in, which the visibility goes by; empty where nobody does
     * @throws IOException if a style sheet or script is not on the class path
     */
    public WebHandler(Repositories repositories, Visibility visibility, Optional<Sessions> sessions)
            throws IOException {
        this.visibility = requireNonNull(visibility, "visibility is null");
        this.assets = Assets.load();
        this.frames = new Frames(assets, visibility);
        this.signIn = sessions.map(known -> new SignIn(known, frames, pages));
        RecordSummaries summaries = new RecordSummaries(repositories.store());
        this.catalogs = new Catalogs(repositories, KEPT, System::nanoTime);
        this.reports = new FamilyReports(repositories.store(), summaries, MOST_ANALYSED, LONGEST_ANALYSIS,
                System::nanoTime);
        this.models = new ModelPages(repositories, summaries, pages, frames);
    }

    @Override
    public Optional<Response> handle(Request request) throws HttpException, IOException {
        Optional<Response> asset = assets.answer(request);
        if (asset.isPresent() || !Browsers.wantHtml(request)) {
            return asset;
        }
        Optional<Response> signing = signIn.isEmpty() ? Optional.empty() : signIn.get().answer(request);
        if (signing.isPresent() || !request.isRead()) {
            return signing;
        }
        return HubErrors.translate(() -> page(request));
    }

    /**
     * Returns a handler that refuses as another does, but tells browsers why on a page.
     *
     * @param inner answers the requests
     */
    public RequestHandler around(RequestHandler inner) {
        return new RequestHandler() {

            @Override
            public Optional<Response> handle(Request request) throws HttpException, IOException {
                return Browsers.wantHtml(request) ? Optional.of(answer(inner, request)) : inner.handle(request);
            }

            @Override
            public boolean takesStream(String method, RequestTarget target) {
                return inner.takesStream(method, target);
            }
        };
    }

    /** Stops what is computed beside the requests. */
    @Override
    public void close() {
        reports.close();
    }

    /** Answers a browser: where another client is told by a status and a few words, by a page. */
    private Response answer(RequestHandler inner, Request request) {
        try {
            Optional<Response> response = inner.handle(request);
            return response.isPresent() ? response.get() : refusal(request, nothing());
        } catch (HttpException e) {
            if (e.status().code() >= HttpResponseStatus.INTERNAL_SERVER_ERROR.code()) {
                LOG.warn("request {}: {}", request.id(), e.message(), e);
            }
            return refusal(request, e);
        } catch (IOException | RuntimeException e) {
            LOG.error("request {}: no page could be made", request.id(), e);
            return refusal(request, new HttpException(
                    HttpResponseStatus.INTERNAL_SERVER_ERROR, "the server could not answer; its log tells why"));
        }
    }

    private static HttpException nothing() {
        return new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path");
    }

    private Optional<Response> page(Request request) throws HttpException, IOException {
        List<String> path = request.target().segments();
        String first = path.isEmpty() ? "" : path.getFirst();
        Optional<Response> page = Optional.empty();
        if (path.isEmpty()) {
            page = Optional.of(home(request));
        } else if (path.size() == 1 && first.equals("search")) {
            page = Optional.of(search(request));
        } else if (path.size() == 1 && first.equals("families")) {
            page = Optional.of(families(request));
        } else if (path.size() == 2 && first.equals("families")) {
            page = Optional.of(family(request, path.get(1)));
        } else if (path.size() >= 2 && !OF_THE_HUB.contains(first)) {
            page = model(request, path.get(0), path.get(1), path.subList(2, path.size()));
        }
        return page;
    }

    private Response home(Request request) throws HttpException, IOException {
        Catalog catalog = catalogs.now().seenBy(visibility.of(request));
        List<Catalog.Family> families = catalog.families();
        List<Catalog.Family> largest = new ArrayList<>(families);
        largest.sort(Comparator.comparingLong((Catalog.Family family) -> -family.share().bytes()));
        Views.Home view = new Views.Home(
                frames.of(request, "Models"),
                catalog.share(),
                families.size(),
                largest.subList(0, Math.min(LARGEST_FAMILIES, largest.size())),
                modelSheet(request, catalog.heads()),
                catalog.unreadable());
        return pages.page(HttpResponseStatus.OK, "home", view);
    }

    private Response families(Request request) throws HttpException, IOException {
        Catalog catalog = catalogs.now().seenBy(visibility.of(request));
        Views.Families view =
                new Views.Families(frames.of(request, "Families"), Sheet.of(request, catalog.families()));
        return pages.page(HttpResponseStatus.OK, "families", view);
    }

    private Response search(Request request) throws HttpException, IOException {
        String given = request.target().parameter("q", "").strip();
        String query = given.substring(0,
                given.offsetByCodePoints(0, Math.min(MAX_QUERY, given.codePointCount(0, given.length()))));
        Catalog catalog = catalogs.now().seenBy(visibility.of(request));
        List<Catalog.Family> found = catalog.searchFamilies(query);
        Views.Search view = new Views.Search(
                frames.of(request, query.isEmpty() ? "Search" : query + " · Search", query, List.of()),
                query,
                found.subList(0, Math.min(FOUND_FAMILIES, found.size())),
                modelSheet(request, catalog.search(query)));
        return pages.page(HttpResponseStatus.OK, "search", view);
    }

    private Response family(Request request, String name) throws HttpException, IOException {
        Catalog catalog = catalogs.now().seenBy(visibility.of(request));
        List<Commit> members = catalog.family(name);
        if (members.isEmpty()) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "there is no family " + name);
        }
        Frame frame = frames.of(
                request, name + " · Families", "", List.of(new Frame.Crumb("Families", "/families")));
        Views.Family view = new Views.Family(
                frame, name, Catalog.shareOf(members), modelSheet(request, members),
                reports.of(name, catalog.heads()));
        return pages.page(HttpResponseStatus.OK, "family", view);
    }

    private static Sheet<Views.Model> modelSheet(Request request, List<Commit> heads)
            throws HttpException {
        Sheet<Commit> sheet = Sheet.of(request, heads);
        return sheet.with(sheet.rows().stream().map(Views.Model::of).toList());
    }

    /** Answers about a repository, if the visitor sees it. */
    private Optional<Response> model(Request request, String namespace, String name, List<String> rest)
            throws HttpException, IOException {
        RepoId repo = HubErrors.repo(namespace, name);
        if (!rest.isEmpty() && !ModelPages.PARTS.contains(rest.getFirst())) {
            // Another handler's, which decides itself who may see what.
            return Optional.empty();
        }
        Visibility.Viewer viewer = visibility.of(request);
        if (!viewer.sees(repo)) {
            throw new RepoNotFoundException(repo);
        }
        return models.answer(
                request, repo, rest, new Views.Access(viewer.reads(repo), viewer.isOpenToAll(repo)));
    }

    private Response refusal(Request request, HttpException e) {
        Views.Refusal view = new Views.Refusal(
                frames.of(request, e.status().reasonPhrase()),
                e.status().code(),
                e.status().reasonPhrase(),
                e.message(),
                request.id());
        Response response = pages.page(e.status(), "refusal", view);
        String code = e.code();
        if (code != null) {
            response = response.with("X-Error-Code", code);
        }
        for (Map.Entry<String, String> header : e.headers().entrySet()) {
            response = response.with(header.getKey(), header.getValue());
        }
        return response;
    }
}
