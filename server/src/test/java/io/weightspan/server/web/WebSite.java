package io.weightspan.server.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBody;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.PackCoding;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.PackedRepo;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;

/**
 * A store to show: a family {@code fam} of a base and four fine-tunes, and {@code evil/model}, of which every text that
 * its author chooses tries to be markup.
 */
final class WebSite implements Closeable {

    /** What hostile texts try. */
    static final String MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;";

    /** A file name that is markup, a path out of quotes, and full of what a URL can't hold. */
    static final String ODD_FILE = "a <script>alert(1)<script> '\"&#?%20é;$(id)`.md";

    /** A family's name of the same kind. */
    static final String ODD_FAMILY = "odd <script>alert(3)<script>/..?#&\"' é";

    static final String ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    final ObjectStore store;
    final Repositories repositories;
    final WebHandler handler;
    private final RequestHandler whole;

    private WebSite(ObjectStore store, Visibility visibility) throws IOException {
        this.store = store;
        this.repositories = new Repositories(store);
        this.handler = new WebHandler(repositories, visibility);
        this.whole = handler.around(handler);
    }

    /** Makes the store below a folder. */
    static WebSite make(Path folder) throws IOException {
        return make(folder, Visibility.ALL);
    }

    /** Makes the store below a folder, with not everything shown to everybody. */
    static WebSite make(Path folder, Visibility visibility) throws IOException {
        ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
        Path base = TestModels.model(folder.resolve("fam/base"), 1, 0, 512);
        List<PackFolder> members = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            Path model = TestModels.model(folder.resolve("fam/tune-" + i), 1, 1 + i, 512);
            members.add(new PackFolder(new RepoId("fam", "tune-" + i), model, "fam"));
        }
        Files.writeString(folder.resolve("fam/tune-1/README.md"), README);
        pack(store, members, Optional.of(new PackFolder(new RepoId("fam", "base"), base, "fam")), "Ann", "First");
        Files.writeString(folder.resolve("fam/tune-1/added.txt"), "one more\n");
        pack(store, members.subList(0, 1), Optional.empty(), "Ann", "Second");
        Path evil = Files.createDirectories(folder.resolve("evil/model"));
        Files.writeString(evil.resolve("README.md"), "---\nlicense: " + MARKUP + "\n---\n# " + MARKUP + "\n\n" + MARKUP
                + "\n\n[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x)"
                + " ![p](https://tracker.example/p.png)"
                + " [d](../../../api/x) [e](<x y.md>) [f](sub/x.md)\n\n[g]: <javascript:alert(1)>\n\n[g]\n");
        Files.writeString(evil.resolve(ODD_FILE), MARKUP + "\n");
        TestModels.write(evil.resolve("model.safetensors"), 7, 8, 128);
        pack(store, List.of(new PackFolder(new RepoId("evil", "model"), evil, ODD_FAMILY)), Optional.empty(), MARKUP,
                MARKUP);
        return new WebSite(store, visibility);
    }

    private static final String README = """
            ---
            license: mit
            tags: [demo]
            ---
            # Tune one

            A model with a [file](config.json), `code` and

            | task | accuracy |
            |:-----|---------:|
            | one  | 0.91 |
            """;

    static List<PackedRepo> pack(
            ObjectStore store, List<PackFolder> members, Optional<PackFolder> base, String author, String message)
            throws IOException {
        PackRequest request =
                new PackRequest(members, base, Optional.empty(), author, 2, PackCoding.EXACT, message);
        return new Packer(store).pack(request, (task, bytes) -> done -> {});
    }

    /** Returns the head of a repository's main branch. */
    Commit head(String repo) throws IOException {
        return repositories.head(RepoId.of(repo), "main").orElseThrow();
    }

    /** Asks as a browser does. */
    Response get(String target) throws HttpException, IOException {
        return answer("GET", target, Map.of("Accept", ACCEPT, "Host", "hub.example:8640")).orElseThrow();
    }

    /** Returns the page that a browser gets. */
    Document page(String target) throws HttpException, IOException {
        Response response = get(target);
        if (response.status().code() != 200) {
            throw new AssertionError(target + ": " + response.status());
        }
        return Jsoup.parse(text(response), "http://hub.example:8640" + target);
    }

    /** Asks the pages and what stands around them. */
    Optional<Response> answer(String method, String target, Map<String, String> fields)
            throws HttpException, IOException {
        return whole.handle(request(method, target, fields));
    }

    static Request request(String method, String target, Map<String, String> fields) throws HttpException {
        HttpHeaders headers = new DefaultHttpHeaders();
        fields.forEach(headers::set);
        return new Request(method, RequestTarget.parse(target), headers, RequestBody.NONE, false, "test-id", null);
    }

    static String text(Response response) {
        return new String(((Body.Bytes) response.body()).bytes(), UTF_8);
    }

    static Optional<String> field(Response response, String name) {
        return response.headers().stream()
                .filter(field -> field.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    @Override
    public void close() throws IOException {
        handler.close();
        store.close();
    }
}
