package io.weightspan.server.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a page costs is bounded, whatever the store holds. */
class WebBoundsTest {

    private static final RepoId REPO = new RepoId("fam", "one");

    private static final Duration HOUR = Duration.ofHours(1);

    @TempDir
    private Path folder;

    @Test
    void aListIsCutIntoPages() throws Exception {
        List<Integer> all = IntStream.rangeClosed(1, 250).boxed().toList();
        Sheet<Integer> second = Sheet.of(request("/search?q=a%26b&page=2"), all);
        assertThat(second.rows()).isEqualTo(all.subList(100, 200));
        assertThat(second.range()).isEqualTo("101 to 200 of 250");
        assertThat(second.previous()).isEqualTo("/search?q=a%26b&page=1");
        assertThat(second.next()).isEqualTo("/search?q=a%26b&page=3");
        Sheet<Integer> last = Sheet.of(request("/?page=3"), all);
        assertThat(last.rows()).hasSize(50);
        assertThat(last.hasNext()).isFalse();
        Sheet<Integer> behind = Sheet.of(request("/?page=999999999"), all);
        assertThat(behind.rows()).isEmpty();
        assertThat(behind.range()).isEqualTo("none of 250");
        assertThat(behind.previous()).isEqualTo("/?page=3");
        for (String wrong : List.of("0", "-1", "1e3", "9999999999", "%20")) {
            assertThatThrownBy(() -> Sheet.of(request("/?page=" + wrong), all)).isInstanceOf(HttpException.class);
        }
    }

    @Test
    void aRepositoryOfManyFilesIsPaged() throws Exception {
        Path model = Files.createDirectories(folder.resolve("fam/one"));
        for (int i = 0; i < 120; i++) {
            Files.writeString(model.resolve("file-%03d.txt".formatted(i)), "text " + i);
        }
        Files.writeString(model.resolve("README.md"), "# Long\n\n" + "word ".repeat(100_000));
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                WebHandler handler = new WebHandler(new Repositories(store), Visibility.ALL)) {
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            Document first = page(handler, "/fam/one/tree/main");
            assertThat(first.select("tbody tr")).hasSize(100);
            assertThat(first.select(".pager p").text()).isEqualTo("1 to 100 of 121");
            Document second = page(handler, first.select(".pager a[rel=next]").attr("href"));
            assertThat(second.select("tbody tr")).hasSize(21);
            Document card = page(handler, "/fam/one");
            assertThat(card.select(".readme").text().length()).isBetween(200_000, 256 << 10);
            assertThat(card.select(".notice").text()).isEqualTo("The README is longer; only its beginning is shown.");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "![", "> ", "* ", "`", "**a ", "<a ", "&", "[a](", "| a ", "\t", "(", "_a_"})
    @Timeout(20)
    void noReadmeTakesLong(String piece) {
        String text = piece.repeat((256 << 10) / piece.length());
        assertThat(Readme.of(text, false, REPO, "main").html().length()).isLessThan(16 << 20);
    }

    @Test
    void aFrontThatNeverEndsIsText() {
        Readme open = Readme.of("---\nlicense: mit\n# x", false, REPO, "main");
        assertThat(open.front()).isEmpty();
        assertThat(open.html()).contains("license: mit");
        assertThat(Readme.of("---\r\na: b\r\n---\r\n# x", false, REPO, "main").front()).isEqualTo("a: b");
        assertThat(Readme.of("---\n---", false, REPO, "main").html()).isEmpty();
    }

    @Test
    void manyVisitorsCostOneLook() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            AtomicLong clock = new AtomicLong(5);
            Catalogs catalogs = new Catalogs(new Repositories(store), Duration.ofSeconds(2), clock::get);
            Catalog first = catalogs.now();
            assertThat(first.heads()).isEmpty();
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            clock.addAndGet(Duration.ofMillis(1999).toNanos());
            assertThat(catalogs.now()).isSameAs(first);
            clock.addAndGet(Duration.ofMillis(2).toNanos());
            assertThat(catalogs.now().heads()).hasSize(1);
        }
    }

    @Test
    void aDamagedRepositoryHidesNoOther() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                WebHandler handler = new WebHandler(new Repositories(store), Visibility.ALL)) {
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            store.compareAndSet("refs/fam/two/heads/main", null, "0".repeat(64) + "\n");
            Document page = page(handler, "/");
            assertThat(page.select("#models ~ .scroll tbody th").eachText()).containsExactly("fam/one");
            assertThat(page.select(".notice").text()).startsWith("1 model can't be read");
        }
    }

    @Test
    void aFamilyThatIsTooLargeIsNotAnalysed() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            List<Commit> heads = List.of(new Repositories(store).head(REPO, "main").orElseThrow());
            try (FamilyReports reports = reports(store, 1000, HOUR, System::nanoTime)) {
                FamilyReport report = finished(reports, heads);
                assertThat(report.trouble()).contains("too large to be analysed here");
                assertThat(report.picture()).isNotNull();
                assertThat(report.structure()).isNull();
            }
        }
    }

    @Test
    void anAnalysisThatTakesTooLongIsGivenUp() throws Exception {
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            List<PackFolder> members = new ArrayList<>();
            for (int i = 1; i <= 3; i++) {
                members.add(new PackFolder(new RepoId("fam", "m" + i),
                        TestModels.model(folder.resolve("fam/m" + i), 1, i, 64), "fam"));
            }
            WebSite.pack(store, members, Optional.empty(), "me", "");
            List<Commit> heads = new ArrayList<>();
            for (PackFolder member : members) {
                heads.add(new Repositories(store).head(member.repo(), "main").orElseThrow());
            }
            try (FamilyReports reports = reports(store, 1L << 30, Duration.ZERO, System::nanoTime)) {
                assertThat(finished(reports, heads).trouble()).contains("too large to be analysed here");
            }
            try (FamilyReports reports = reports(store, 1L << 30, HOUR, System::nanoTime)) {
                assertThat(finished(reports, heads).structure()).isNotNull();
            }
        }
    }

    @Test
    void whatWasEncodedSinceIsAnalysedAnew() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            Commit encoded = new Repositories(store).head(REPO, "main").orElseThrow();
            List<CommitFile> plain = encoded.files().stream()
                    .map(file -> new CommitFile(file.path(), file.size(), file.sha256(), file.gitOid(), FileKind.PLAIN,
                            file.sha256(), file.size()))
                    .toList();
            Commit before = new Commit(encoded.object(), REPO, encoded.parent(), "", "", encoded.time(), "fam", plain);
            AtomicLong clock = new AtomicLong(5);
            try (FamilyReports reports = reports(store, 1L << 30, HOUR, clock::get)) {
                assertThat(finished(reports, List.of(before)).trouble()).contains("no weights in safetensors");
                clock.addAndGet(Duration.ofSeconds(60).toNanos());
                assertThat(finished(reports, List.of(encoded)).structure()).isNull();
                clock.addAndGet(1);
                assertThat(finished(reports, List.of(encoded)).structure()).isNotNull();
            }
        }
    }

    private static FamilyReports reports(ObjectStore store, long most, Duration longest, LongSupplier clock) {
        return new FamilyReports(store, new RecordSummaries(store), most, longest, clock);
    }

    @Test
    void whatTakesLongToReadIsKeptLonger() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            AtomicLong clock = new AtomicLong();
            // Each look at the clock is a second after the one before, so reading takes a second.
            Catalogs catalogs = new Catalogs(new Repositories(store), Duration.ofSeconds(2),
                    () -> clock.addAndGet(Duration.ofSeconds(1).toNanos()));
            Catalog first = catalogs.now();
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            for (int i = 0; i < 9; i++) {
                assertThat(catalogs.now()).isSameAs(first);
            }
            assertThat(catalogs.now().heads()).hasSize(1);
        }
    }

    @Test
    void manyFamiliesAtOnceAreNotAllTaken() throws Exception {
        Path model = TestModels.model(folder.resolve("fam/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            WebSite.pack(store, List.of(new PackFolder(REPO, model, "fam")), Optional.empty(), "me", "");
            Commit head = new Repositories(store).head(REPO, "main").orElseThrow();
            List<FamilyReport> reports = new ArrayList<>();
            try (FamilyReports all = reports(store, 1L << 30, HOUR, System::nanoTime)) {
                for (int i = 0; i < 200; i++) {
                    Commit other = new Commit(head.object(), head.repo(), head.parent(), "", "", head.time(),
                            "family-" + i, head.files());
                    reports.add(all.of(other.family(), List.of(other)));
                }
            }
            assertThat(reports).anyMatch(report -> report.trouble() != null
                    && report.trouble().startsWith("Other families are being analysed"));
        }
    }

    @Test
    void theGridHasTheKindsThatMatter() {
        List<DepthMap.Entry> entries = new ArrayList<>();
        for (int layer = 11; layer >= 0; layer--) {
            entries.add(new DepthMap.Entry("model.layers." + layer + ".attn.q_proj.weight", layer, 1000));
            entries.add(new DepthMap.Entry("model.layers." + layer + ".mlp.up.weight", 3, 2000));
            entries.add(new DepthMap.Entry("model.layers." + layer + ".norm.weight", 99, 1));
        }
        entries.add(new DepthMap.Entry("lm_head.weight", 5, 1000));
        DepthMap map = DepthMap.of(entries, value -> Numbers.decimals(value, 0), 0.5);
        assertThat(map.kinds()).containsExactly("mlp.up", "attn.q_proj");
        assertThat(map.layers()).isEqualTo(IntStream.range(0, 12).boxed().toList());
        assertThat(map.rows().get(11)).containsExactly(new DepthMap.Cell("3", 2), new DepthMap.Cell("11", 9));
        assertThat(map.rows().get(0).get(1)).isEqualTo(new DepthMap.Cell("0", 0));
        assertThat(map.leftOut()).isEqualTo(13);
        assertThat(DepthMap.of(List.of(new DepthMap.Entry("head", 1, 1)), String::valueOf, 1).isEmpty()).isTrue();
    }

    @Test
    void valuesThatHardlyDifferLookAlike() {
        List<DepthMap.Entry> entries = List.of(
                new DepthMap.Entry("a.0.x", 0.80, 1), new DepthMap.Entry("a.1.x", 0.81, 1));
        DepthMap map = DepthMap.of(entries, value -> Numbers.decimals(100 * value, 0), 0.2);
        assertThat(map.rows())
                .isEqualTo(List.of(List.of(new DepthMap.Cell("80", 4)), List.of(new DepthMap.Cell("81", 5))));
    }

    @Test
    void aNamespaceThatIsAWordOfOursHasPagesToo() throws Exception {
        RepoId odd = new RepoId("families", "one");
        Path model = TestModels.model(folder.resolve("families/one"), 1, 2, 64);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                WebHandler handler = new WebHandler(new Repositories(store), Visibility.ALL)) {
            WebSite.pack(store, List.of(new PackFolder(odd, model, "one")), Optional.empty(), "me", "");
            assertThat(Links.model(odd)).isEqualTo("/families/one/card");
            assertThat(page(handler, "/families/one/card").select("h1").text()).isEqualTo("families/one");
            assertThat(page(handler, "/families/one").select("h1").text()).isEqualTo("one");
        }
    }

    private static FamilyReport finished(FamilyReports reports, List<Commit> heads) throws InterruptedException {
        FamilyReport report = reports.of("fam", heads);
        for (int i = 0; i < 400 && report.isPending(); i++) {
            Thread.sleep(25);
            report = reports.of("fam", heads);
        }
        return report;
    }

    private static Document page(WebHandler handler, String target) throws Exception {
        return Jsoup.parse(WebSite.text(handler.handle(request(target)).orElseThrow()));
    }

    private static Request request(String target) throws HttpException {
        return WebSite.request("GET", target, Map.of("Accept", WebSite.ACCEPT, "Host", "h"));
    }
}
