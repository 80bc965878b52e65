package io.weightspan.server.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.repo.RepoId;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may not see a repository learns nothing of it: not its name, its size, nor that it is there. */
class WebVisibilityTest {

    private static final RepoId HIDDEN = new RepoId("fam", "tune-3");

    private static final RepoId GATED = new RepoId("fam", "tune-1");

    @TempDir
    private static Path folder;

    private static WebSite site;

    @BeforeAll
    static void make() throws Exception {
        site = WebSite.make(folder, request -> {
            boolean knows = "Bearer key".equals(request.header("Authorization"));
            return new Visibility.Viewer() {

                @Override
                public boolean sees(RepoId repo) {
                    return knows || !repo.equals(HIDDEN) && !repo.namespace().equals("evil");
                }

                @Override
                public boolean reads(RepoId repo) {
                    return knows || sees(repo) && !repo.equals(GATED);
                }
            };
        });
    }

    @AfterAll
    static void close() throws Exception {
        site.close();
    }

    @Test
    void noListAndNoSumHoldsIt() throws Exception {
        for (String target : List.of("/", "/families/fam", "/search?q=tune", "/families", "/search?q=evil")) {
            Document page = site.page(target);
            assertThat(page.text()).as(target).doesNotContain("tune-3").doesNotContain("evil/model");
        }
        assertThat(site.page("/").select(".lead").text()).startsWith("4 models in 1 family,");
        Document all = as("/", "Bearer key");
        assertThat(all.select(".lead").text()).startsWith("6 models in 2 families,");
    }

    @Test
    void itsPagesAreNotThere() throws Exception {
        for (String path : List.of("", "/tree/main", "/commits/main", "/blob/main/config.json", "/card/main")) {
            String refused = WebSite.text(site.get("/fam/tune-3" + path));
            assertThat(refused).isEqualTo(WebSite.text(site.get("/fam/nobody" + path)).replace("nobody", "tune-3"));
            assertThat(as("/fam/tune-3" + path, "Bearer key").select("h1").text()).isEqualTo("fam/tune-3");
        }
        assertThat(site.get(Links.family(WebSite.ODD_FAMILY)).status().code()).isEqualTo(404);
    }

    @Test
    void aGateHidesWhatIsInTheFiles() throws Exception {
        assertThat(as("/fam/tune-1", "").select(".readme, #how")).isEmpty();
        assertThat(as("/fam/tune-1", "").select(".notice").text()).contains("restricted");
        assertThat(as("/fam/tune-1", "Bearer key").select(".readme, #how")).hasSize(2);
        assertThat(as("/fam/tune-1/blob/main/config.json", "").select("pre.file")).isEmpty();
        assertThat(as("/fam/tune-1/tree/main/config.json", "").select("pre.file")).isEmpty();
        assertThat(as("/fam/tune-1/blob/main/config.json", "Bearer key").select("pre.file")).hasSize(1);
        assertThat(as("/fam/tune-1/blob/main/model.safetensors", "").select("#tensors")).isEmpty();
        assertThat(as("/fam/tune-1/tree/main", "").select("tbody tr")).hasSize(6);
    }

    @Test
    void theReportOfAFamilyIsOfWhatIsSeen() throws Exception {
        assertThat(finished("/families/fam", "").select("#report").text()).doesNotContain("tune-3");
        String every = finished("/families/fam", "Bearer key").select("#how ~ .scroll").text();
        assertThat(every).isNotEqualTo(finished("/families/fam", "").select("#how ~ .scroll").text());
    }

    private static Document finished(String target, String key) throws Exception {
        Document page = as(target, key);
        for (int i = 0; i < 600 && page.select("#report").hasAttr("data-pending"); i++) {
            Thread.sleep(50);
            page = as(target, key);
        }
        return page;
    }

    private static Document as(String target, String key) throws Exception {
        Map<String, String> fields = Map.of("Accept", WebSite.ACCEPT, "Host", "h", "Authorization", key);
        return Jsoup.parse(WebSite.text(site.answer("GET", target, fields).orElseThrow()));
    }
}
