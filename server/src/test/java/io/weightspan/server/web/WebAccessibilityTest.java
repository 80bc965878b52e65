package io.weightspan.server.web;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every page owes to those who can't see it or use a mouse, as far as its markup tells. */
class WebAccessibilityTest {

    @TempDir
    private static Path folder;

    private static WebSite site;

    @BeforeAll
    static void make() throws Exception {
        site = WebSite.make(folder);
        Document page = site.page("/families/fam");
        for (int i = 0; i < 600 && page.select("#report").hasAttr("data-pending"); i++) {
            Thread.sleep(50);
            page = site.page("/families/fam");
        }
    }

    @AfterAll
    static void close() throws Exception {
        site.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/", "/families", "/families/fam", "/search?q=tune", "/search?q=nothing", "/fam/tune-1",
                "/fam/tune-1/tree/main", "/fam/tune-1/commits/main", "/fam/tune-1/blob/main/model.safetensors",
                "/fam/tune-1/blob/main/config.json", "/evil/model", "/nobody/none"})
    void everyPageHasItsLandmarksHeadingsAndLabels(String target) throws Exception {
        Document page = Jsoup.parse(WebSite.text(site.get(target)));
        assertThat(page.select("html").attr("lang")).isEqualTo("en");
        assertThat(page.title()).isNotBlank();
        assertThat(page.select("main")).hasSize(1);
        assertThat(page.select("header, search, footer")).hasSize(3);
        Element first = requireNonNull(page.body().selectFirst("a"));
        assertThat(first.attr("href")).isEqualTo("#" + page.select("main").attr("id"));
        assertThat(page.select("h1")).hasSize(1);
        int rank = 0;
        for (Element heading : page.select("h1, h2, h3, h4, h5, h6")) {
            int own = heading.tagName().charAt(1) - '0';
            assertThat(own).as(heading.text()).isBetween(1, rank + 1);
            rank = own;
        }
        for (Element field : page.select("input, select, textarea")) {
            assertThat(page.select("label[for=" + field.id() + "]").text()).isNotBlank();
        }
        for (Element table : page.select("table:not(.readme table)")) {
            assertThat(table.select("> caption").text()).isNotBlank();
            assertThat(table.select("thead th:not([scope=col]), tbody th:not([scope=row])")).isEmpty();
            assertThat(table.select("tbody tr:not(:has(th))")).isEmpty();
        }
        for (Element region : page.select("section, [role=group], nav")) {
            boolean named = region.hasAttr("aria-label")
                    || page.getElementById(region.attr("aria-labelledby")) != null;
            assertThat(named).as(region.tagName() + " " + region.className()).isTrue();
        }
        assertThat(page.select("a, button").stream().filter(each -> each.text().isBlank())).isEmpty();
        Set<String> ids = new HashSet<>();
        assertThat(page.select("[id]").eachAttr("id")).allMatch(ids::add);
        assertThat(page.select("svg:not([aria-hidden=true])")).isEmpty();
        for (Element chart : page.select("[data-chart]")) {
            assertThat(page.select("table#" + chart.attr("data-chart"))).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/families/fam"})
    void whatAChartShowsIsInATableToo(String target) throws Exception {
        Document page = site.page(target);
        assertThat(page.select("[data-chart]").eachAttr("data-chart")).isEqualTo(List.of("spectrum", "errors"));
        assertThat(page.select("#spectrum tbody tr")).hasSizeGreaterThan(1);
    }
}
