package io.weightspan.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.cli.HumanSize;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the pages say about a known store. */
class WebPagesTest {

    @TempDir
    private static Path folder;

    private static WebSite site;

    @BeforeAll
    static void make() throws Exception {
        site = WebSite.make(folder);
        Commit head = site.head("fam/tune-1");
        site.store.compareAndSet("refs/fam/tune-1/tags/v1.0", null, head.object().hex() + "\n");
        site.store.compareAndSet("refs/fam/tune-1/heads/feat%2Fx", null, head.parent().get().hex() + "\n");
    }

    @AfterAll
    static void close() throws Exception {
        site.close();
    }

    @Test
    void theFirstPageSumsUpWhatTheHubHolds() throws Exception {
        Document page = site.page("/");
        List<Commit> heads = List.of(
                site.head("evil/model"), site.head("fam/base"), site.head("fam/tune-1"), site.head("fam/tune-2"),
                site.head("fam/tune-3"), site.head("fam/tune-4"));
        Share share = Catalog.shareOf(heads);
        assertThat(share.stored()).isLessThan(share.bytes());
        assertThat(page.title()).isEqualTo("Models · Weightspan");
        assertThat(facts(page)).containsExactly(
                "Models hold " + share.size(), "Stored in " + share.storedSize(), "Smaller by " + share.times() + " ×",
                "Models 6", "Families 2");
        assertThat(page.select("#models ~ .scroll tbody th a").eachText()).containsExactly(
                "evil/model", "fam/base", "fam/tune-1", "fam/tune-2", "fam/tune-3", "fam/tune-4");
        assertThat(page.select("#families ~ .scroll tbody th a").eachAttr("href")).contains("/families/fam");
        Commit one = site.head("fam/tune-1");
        assertThat(page.select("tr:has(a[href=/fam/tune-1]) td").eachText()).startsWith(
                "fam", HumanSize.of(one.size()), HumanSize.of(Catalog.shareOf(List.of(one)).stored()));
    }

    @Test
    void aSharedObjectCountsOnce() throws Exception {
        Commit base = site.head("fam/base");
        assertThat(Catalog.shareOf(List.of(base, base)).stored()).isEqualTo(Catalog.shareOf(List.of(base)).stored());
    }

    @Test
    void aModelsPageTellsHowToGetIt() throws Exception {
        Document page = site.page("/fam/tune-1");
        assertThat(page.select("h1").text()).isEqualTo("fam/tune-1");
        assertThat(page.select(".snippet summary").eachText()).containsExactly(
                "hf shell", "huggingface_hub python", "transformers python", "weightspan shell", "curl shell",
                "git-lfs shell");
        assertThat(page.select(".snippet pre").get(0).wholeText())
                .isEqualTo("export HF_ENDPOINT=http://hub.example:8640\nhf download fam/tune-1");
        assertThat(page.select(".snippet pre").get(1).wholeText()).isEqualTo("""
                import os
                os.environ["HF_ENDPOINT"] = "http://hub.example:8640"  # before the import

                from huggingface_hub import snapshot_download
                folder = snapshot_download("fam/tune-1")""");
        assertThat(page.select(".snippet pre").get(3).wholeText())
                .isEqualTo("weightspan pull http://hub.example:8640 fam/tune-1 --to tune-1");
        assertThat(page.select(".snippet pre").get(4).wholeText()).isEqualTo("curl -fL -o ./model.safetensors \\\n"
                + "  http://hub.example:8640/fam/tune-1/resolve/main/model.safetensors");
        assertThat(page.select(".snippet pre").get(5).wholeText()).isEqualTo("""
                # in a clone of the git repository that these files belong to
                git config lfs.url http://hub.example:8640/fam/tune-1.git/info/lfs
                git lfs pull""");
        assertThat(page.select(".readme h3").text()).isEqualTo("Tune one");
        assertThat(page.select(".readme a").attr("href")).isEqualTo("/fam/tune-1/blob/main/config.json");
        assertThat(page.select(".readme td").eachText()).containsExactly("one", "0.91");
        assertThat(page.select("#readme ~ details pre").text()).isEqualTo("license: mit\ntags: [demo]");
        assertThat(page.select("#how ~ .scroll tfoot, #how ~ .scroll tbody").text()).contains("base");
    }

    @Test
    void anotherRevisionIsNamedInEveryCommand() throws Exception {
        Document page = site.page("/fam/tune-1/card/feat%2Fx");
        assertThat(page.select(".snippet pre").get(0).wholeText()).endsWith(" --revision feat/x");
        assertThat(page.select(".snippet pre").get(1).wholeText()).endsWith("(\"fam/tune-1\", revision=\"feat/x\")");
        assertThat(page.select(".snippet pre").get(3).wholeText()).contains(" fam/tune-1@feat/x ");
        assertThat(page.select(".tabs a").eachAttr("href")).containsExactly(
                "/fam/tune-1/card/feat%2Fx", "/fam/tune-1/tree/feat%2Fx", "/fam/tune-1/commits/feat%2Fx");
    }

    @Test
    void theListOfFilesLeadsToEachAndToItsBytes() throws Exception {
        Document page = site.page("/fam/tune-1/tree/main");
        assertThat(page.select("tbody th a").eachText()).containsExactly(
                "README.md", "added.txt", "config.json", "docs/notes.txt", "model.safetensors", "training_args.bin");
        assertThat(page.select("tbody tr").get(3).select("a").eachAttr("href")).containsExactly(
                "/fam/tune-1/blob/main/docs/notes.txt", "/fam/tune-1/resolve/main/docs/notes.txt");
        assertThat(site.page("/fam/tune-1/tree/feat%2Fx").select("tbody th a").eachText()).doesNotContain("added.txt");
        assertThat(site.page("/fam/tune-1/tree/main/docs").select("tbody th a").eachText())
                .containsExactly("docs/notes.txt");
    }

    @Test
    void aWeightFileShowsItsTensors() throws Exception {
        Document page = site.page("/fam/tune-1/blob/main/model.safetensors");
        List<String> rows = page.select("#tensors ~ .scroll tbody tr").eachText();
        assertThat(rows).hasSize(2);
        assertThat(rows.get(0)).startsWith("layer.0.weight F32 64 × 512 ").contains(" 131 kB ");
        assertThat(page.select(".digest code").text())
                .isEqualTo(site.head("fam/tune-1").file("model.safetensors").sha256().hex());
        assertThat(facts(page)).contains("Kept as record", "Fidelity exact");
    }

    @Test
    void aTextIsShownAndAPickleIsNot() throws Exception {
        assertThat(site.page("/fam/tune-1/blob/main/config.json").select("pre.file").text())
                .isEqualTo("{\"width\": 512}");
        assertThat(site.page("/fam/tune-1/blob/main/training_args.bin").select("pre.file")).isEmpty();
    }

    @Test
    void theHistoryListsCommitsBranchesAndTags() throws Exception {
        Document page = site.page("/fam/tune-1/commits/main");
        assertThat(page.select("tbody td.text").eachText()).containsExactly("Second", "First");
        Commit head = site.head("fam/tune-1");
        assertThat(page.select("tbody th a").eachAttr("href").getFirst()).isEqualTo("/fam/tune-1/tree/" + head.id());
        assertThat(page.select("#branches ~ ul a").eachText()).containsExactly("feat/x", "main");
        assertThat(page.select("#branches ~ ul a").eachAttr("href"))
                .containsExactly("/fam/tune-1/card/feat%2Fx", "/fam/tune-1/card/main");
        assertThat(page.select("#tags ~ ul li").eachText()).containsExactly("v1.0 " + head.id().substring(0, 12));
    }

    @Test
    void aFamilysPageIsAtOnceThereAndGrows() throws Exception {
        Document page = site.page("/families/fam");
        assertThat(page.select("#members ~ .scroll tbody th a").eachText()).containsExactly(
                "fam/base", "fam/tune-1", "fam/tune-2", "fam/tune-3", "fam/tune-4");
        for (int i = 0; i < 600 && page.select("#report").hasAttr("data-pending"); i++) {
            assertThat(page.select("#report [role=status]")).isNotEmpty();
            Thread.sleep(50);
            page = site.page("/families/fam");
        }
        assertThat(page.select("#report").hasAttr("data-pending")).isFalse();
        assertThat(page.select("#how ~ .scroll tbody th code").eachText()).contains("none");
        assertThat(page.select(".heat thead th").eachText()).startsWith("Layer", "weight");
        assertThat(page.select(".heat tbody th").eachText()).startsWith("0", "1");
        assertThat(page.select(".verdict").text()).isNotEmpty();
        assertThat(page.select("#spectrum thead th").eachText())
                .containsExactly("Direction", "Family", "Random", "Shuffled");
        for (Element cell : page.select("#spectrum td, #errors td")) {
            assertThat(Double.parseDouble(cell.attr("data-value"))).isBetween(0.0, 10.0);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "tune, 4", "TUNE-1, 1", "fam une 2, 1", "evil, 1", "alert(3), 1", "nothing, 0", "'', 6",
    })
    void aSearchFindsNamesAndFamilies(String query, int models) throws Exception {
        Document page = site.page("/search?q=" + RequestTarget.encode(query));
        assertThat(page.select("#models ~ .scroll tbody tr")).hasSize(models);
        assertThat(page.select("input[name=q]").val()).isEqualTo(query);
    }

    @ParameterizedTest
    @CsvSource({
        "/no/body, 404, there is no repository no/body.",
        "/a--b/c, 404, there is no repository a--b/c.",
        "/fam/tune-1/tree/none, 404, \"fam/tune-1 has no revision 'none': no branch or tag has that name.\"",
        "/fam/tune-1/blob/main/none, 404, ",
        "/families/none, 404, there is no family none.",
        "/nothing, 404, there is nothing at this path.",
        "/fam/tune-1/none, 404, there is nothing at this path.",
        "/?page=0, 400, parameter page must be a number of at least 1.",
        "/?page=x, 400, parameter page must be a number of at least 1.",
    })
    void aRefusalIsAPage(String target, int status, String message) throws Exception {
        Response response = site.get(target);
        assertThat(response.status().code()).isEqualTo(status);
        Document page = Jsoup.parse(WebSite.text(response));
        assertThat(page.select("h1").text()).isEqualTo(response.status().reasonPhrase());
        if (message != null && !message.startsWith("\"")) {
            assertThat(page.select(".lead").text()).isEqualTo(message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/families/fam", "/fam/tune-1", "/search?q=x", "/nobody/none"})
    void everyPageForbidsWhatItNeedsNot(String target) throws Exception {
        Response response = site.get(target);
        assertThat(WebSite.field(response, "Content-Security-Policy")).contains("default-src 'none'; script-src 'self';"
                + " style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors"
                + " 'none'; base-uri 'none'");
        assertThat(WebSite.field(response, "X-Content-Type-Options")).contains("nosniff");
        assertThat(WebSite.field(response, "Referrer-Policy")).contains("same-origin");
        assertThat(WebSite.field(response, "Vary").orElseThrow()).contains("Accept");
        assertThat(WebSite.field(response, "Content-Type")).contains("text/html; charset=utf-8");
        Document page = Jsoup.parse(WebSite.text(response));
        assertThat(page.select("script:not([src]), style, [style]")).isEmpty();
        assertThat(WebSite.text(response)).doesNotContainPattern("(?i)\\son[a-z]+=\"");
    }

    @Test
    void assetsAreKeptForEverAndNamedByTheirDigest() throws Exception {
        Document page = site.page("/families/fam");
        List<String> links = page.select("link[href], script[src]").stream()
                .map(element -> element.hasAttr("href") ? element.attr("href") : element.attr("src"))
                .toList();
        assertThat(links).hasSize(6).allMatch(link -> link.matches("/-/assets/[0-9a-f]{16}/[A-Za-z.]+"));
        for (String link : links) {
            Response asset = site.answer("GET", link, Map.of("Accept", "*/*")).orElseThrow();
            assertThat(asset.status().code()).isEqualTo(200);
            assertThat(WebSite.field(asset, "Cache-Control")).contains("public, max-age=31536000, immutable");
            assertThat(WebSite.field(asset, "X-Content-Type-Options")).contains("nosniff");
        }
        assertThat(site.get("/-/assets/0000000000000000/web.css").status().code()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*/*", "application/json", "text/plain, */*", "text/html;q=0", "text/htmlx", ""})
    void onlyBrowsersGetPages(String accept) throws Exception {
        for (String target : List.of("/", "/fam/tune-1", "/families/fam", "/nothing")) {
            assertThat(site.answer("GET", target, Map.of("Accept", accept, "Host", "h"))).isEmpty();
        }
        assertThat(site.answer("GET", "/", Map.of("Host", "h"))).isEmpty();
    }

    @Test
    void noPageIsWritten() throws Exception {
        Map<String, String> fields = Map.of("Accept", WebSite.ACCEPT, "Host", "h");
        assertThat(site.answer("POST", "/fam/tune-1", fields).orElseThrow().status().code()).isEqualTo(404);
    }

    private static List<String> facts(Document page) {
        return page.select(".facts div").eachText();
    }
}
