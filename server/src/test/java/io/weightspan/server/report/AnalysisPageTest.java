package io.weightspan.server.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.analysis.Clusters;
import io.weightspan.codec.analysis.ErrorAtK;
import io.weightspan.codec.analysis.FamilyAnalysis;
import io.weightspan.codec.analysis.ProductAnalysis;
import io.weightspan.codec.analysis.SlotAnalysis;
import java.io.IOException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The page holds everything that it needs, and names are never markup. */
class AnalysisPageTest {
    private static final String HOSTILE = "</script><img src=x onerror=alert(1)>&\u2028\"'{{library}}$1\\";
    private static final Pattern DATA =
            Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>", Pattern.DOTALL);

    private static FamilyAnalysis analysis(String name) {
        SlotAnalysis slot = new SlotAnalysis(
                name, List.of(2L, 3L), "mean", 1, 1, new double[] {1}, new double[] {1}, new double[0], null, null,
                List.of(), null, 0, 0, false, "direct", List.of());
        ProductAnalysis product = new ProductAnalysis(
                name, List.of(2L, 3L), 1, 1, 1, new double[] {1}, new double[] {1}, new double[] {1}, null, null,
                List.of(new ErrorAtK(0, 1, 1, 1, 1.0)));
        return new FamilyAnalysis(
                name, 1, "Verdict on " + name, List.of(name), List.of(),
                List.of(new FamilyAnalysis.LeftOut(name, name)),
                name, 1, 6, 1, new double[] {1}, new double[] {1}, new double[0], List.of(), null, List.of(), null,
                new Clusters(0.5, 0, List.of()), new double[][] {{1}}, List.of(), List.of(slot),
                List.of(product));
    }

    @Test
    void namesAreTextAlone() throws IOException {
        String page = AnalysisPage.of(analysis(HOSTILE));
        assertThat(page).doesNotContain("<img").doesNotContain("\u2028\"'{{library}}$1\\\",");
        Matcher data = DATA.matcher(page);
        assertThat(data.find()).isTrue();
        JsonNode json = JsonMapper.shared().readTree(data.group(1));
        assertThat(json.path("slots").get(0).path("name").asString()).isEqualTo(HOSTILE);
        assertThat(json.path("products").get(0).path("name").asString()).isEqualTo(HOSTILE);
        assertThat(json.path("family").asString()).isEqualTo(HOSTILE);
        assertThat(data.group(1)).doesNotContain("<", ">", "&", "\u2028");
        assertThat(page).contains("<h1>&lt;/script&gt;&lt;img src=x");
        // As many scripts begin as end: no name has ended one.
        assertThat(page.split("<script", -1)).hasSize(4);
        assertThat(page.split("</script>", -1)).hasSize(4);
    }

    @Test
    void pageLoadsNothing() throws IOException {
        String page = AnalysisPage.of(analysis("family"));
        assertThat(page).startsWith("<!DOCTYPE html>");
        assertThat(page).doesNotContainPattern("(?i)(src|href)\\s*=\\s*[\"']?(https?:)?//");
        assertThat(page).doesNotContain("@import", "url(", "fetch(", "XMLHttpRequest", "{{");
        assertThat(page).contains("default-src 'none'", "<html lang=\"en\">", "name=\"viewport\"");
        assertThat(page).contains("prefers-color-scheme: dark");
        assertThat(page).contains("Permission is hereby granted, free of charge").contains("var uPlot=");
    }
}
