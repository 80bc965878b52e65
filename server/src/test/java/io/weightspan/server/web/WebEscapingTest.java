package io.weightspan.server.web;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.http.RequestTarget;
import java.nio.file.Path;
import java.util.List;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Texts that authors choose are shown as they are, and never become markup, code or another address. */
class WebEscapingTest {

    @TempDir
    private static Path folder;

    private static WebSite site;

    @BeforeAll
    static void make() throws Exception {
        site = WebSite.make(folder);
    }

    @AfterAll
    static void close() throws Exception {
        site.close();
    }

    @Test
    void noTextBecomesMarkup() throws Exception {
        String file = RequestTarget.encode(WebSite.ODD_FILE);
        for (String target : List.of(
                "/", "/families", Links.family(WebSite.ODD_FAMILY), "/evil/model", "/evil/model/tree/main",
                "/evil/model/commits/main", "/evil/model/blob/main/" + file, "/evil/model/blob/main/model.safetensors",
                "/search?q=" + RequestTarget.encode(WebSite.MARKUP))) {
            Document page = site.page(target);
            assertThat(page.select("script:not([src^=/-/assets/]), img, iframe, [onerror]")).as(target).isEmpty();
            page.select(".readme").remove();
            for (Element link : page.select("[href], [src], [action]")) {
                String address = link.hasAttr("href")
                        ? link.attr("href")
                        : link.hasAttr("src") ? link.attr("src") : link.attr("action");
                assertThat(address).as(target).matches("(/[A-Za-z0-9/_.~%?=&-]*|#content|)");
            }
        }
    }

    @Test
    void namesAreShownAsTheyAre() throws Exception {
        assertThat(site.page("/evil/model/tree/main").select("tbody th a").eachText()).contains(WebSite.ODD_FILE);
        Document history = site.page("/evil/model/commits/main");
        assertThat(history.select("tbody td").eachText()).contains(WebSite.MARKUP);
        assertThat(site.page(Links.family(WebSite.ODD_FAMILY)).select("h1").text()).isEqualTo(WebSite.ODD_FAMILY);
        assertThat(site.page("/search?q=" + RequestTarget.encode(WebSite.MARKUP)).select("input[name=q]").val())
                .isEqualTo(WebSite.MARKUP);
        assertThat(
                Jsoup.parse(WebSite.text(site.get("/families/" + RequestTarget.encode(WebSite.MARKUP)))).select(".lead")
                        .text())
                .isEqualTo("there is no family " + WebSite.MARKUP + ".");
    }

    @Test
    void everyLinkOfAListLeadsSomewhere() throws Exception {
        for (String start : List.of("/", "/evil/model/tree/main", "/evil/model/commits/main", "/evil/model")) {
            for (Element link : site.page(start).select("main a[href^=/]")) {
                String target = link.attr("href");
                if (!target.contains("/resolve/") && link.closest(".readme") == null) {
                    assertThat(site.get(target).status().code()).as(start + " " + target).isEqualTo(200);
                }
            }
        }
    }

    @Test
    void theCommandForAnOddFileRunsNothingElse() {
        assertThat(Snippet.shell("a'; rm -rf $(x) `y`")).isEqualTo("'a'\\''; rm -rf $(x) `y`'");
        assertThat(Snippet.shell("./plain-name_1.bin")).isEqualTo("./plain-name_1.bin");
        assertThat(Snippet.python("a\"\\\n")).isEqualTo("\"a\\\"\\\\\\n\"");
    }

    @Test
    void aReadmeLinksToTheWebAndToItsOwnFilesOnly() throws Exception {
        Element readme = requireNonNull(site.page("/evil/model").selectFirst(".readme"));
        assertThat(readme.select("a").eachAttr("href")).containsExactly(
                "https://tracker.example/p.png", "/evil/model/tree/main", "/evil/model/blob/main/sub/x.md");
        assertThat(readme.select("a").eachAttr("rel")).allMatch("nofollow noopener noreferrer"::equals);
        assertThat(readme.text()).contains("<script>alert(1)</script>").contains("picture: p");
        assertThat(site.page("/evil/model").select("#readme ~ details pre").text())
                .isEqualTo("license: " + WebSite.MARKUP);
    }
}
