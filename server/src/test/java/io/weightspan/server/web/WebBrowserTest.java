package io.weightspan.server.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.Listen;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.serve.ServerSettings;
import io.weightspan.server.serve.StoreServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The pages in a real browser: Chromium, where the machine has it; skipped elsewhere. Runs with
 * {@code -Dweightspan.browser=true}, for it takes minutes. Leaves pictures of the pages in
 * {@code target/web}.
 */
class WebBrowserTest {

    private static final Path PICTURES = Path.of("target", "web");

    private static final String TOKEN = NewToken.create();
    private static final RepoId HIDDEN = RepoId.of("fam/tune-4");

    @TempDir
    private static Path folder;

    private static WebSite site;
    private static StoreServer server;
    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Optional<Path> chromium = Stream.of(
                "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
                .map(Path::of)
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(Boolean.getBoolean("weightspan.browser"), "run with -Dweightspan.browser=true");
        assumeTrue(chromium.isPresent(), "this machine has no Chromium");
        site = WebSite.make(folder);
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken("ray", "ray", Role.READ, List.of(new Scope("fam")),
                NewToken.hash(TOKEN), Instant.EPOCH, Optional.empty())));
        Tokens tokens = new Tokens(file, InstantSource.system());
        new RepositoryEditor(site.repositories).settings(HIDDEN, before -> before.withPrivate(true));
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = StoreServer.start(
                site.store,
                ServerSettings.of(Listen.plain(any)).withGuards(all -> Guard.of(all, tokens, true)));
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(chromium.get())
                        .setArgs(List.of("--no-sandbox")));
        Files.createDirectories(PICTURES);
    }

    @AfterAll
    static void stop() throws IOException {
        if (playwright != null) {
            playwright.close();
        }
        if (server != null) {
            server.close();
        }
        if (site != null) {
            site.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/", "/families/fam", "/search?q=tune", "/fam/tune-1", "/fam/tune-1/tree/main",
                "/fam/tune-1/commits/main", "/fam/tune-1/blob/main/model.safetensors", "/evil/model",
                "/evil/model/tree/main", "/nobody/none", "/login"})
    void aPageIsCleanOnEveryScreen(String target) throws IOException {
        for (Screen screen : Screen.values()) {
            try (BrowserContext context = context(screen)) {
                List<String> complaints = new ArrayList<>();
                Page page = open(context, target, complaints);
                String name = target.replaceAll("[^a-z0-9]+", "-") + "-" + screen.name().toLowerCase(Locale.ROOT);
                page.screenshot(new Page.ScreenshotOptions()
                        .setPath(PICTURES.resolve(name + ".png"))
                        .setFullPage(true));
                assertThat(complaints).as(name).isEmpty();
                Object wide = page.evaluate("document.documentElement.scrollWidth - innerWidth");
                assertThat(((Number) wide).intValue()).as("overflow of " + name).isLessThanOrEqualTo(0);
                assertThat(violations(page)).as(name).isEmpty();
            }
        }
    }

    @Test
    void theKeyboardReachesEverythingInOrder() {
        try (BrowserContext context = context(Screen.LIGHT)) {
            Page page = open(context, "/fam/tune-1", new ArrayList<>());
            Object wanted = page.evaluate("""
                    () => [...document.querySelectorAll('a[href], button, input, summary')]
                        .filter((e) => e.checkVisibility()).map((e) => (e.textContent || e.name).trim())""");
            Set<String> seen = new LinkedHashSet<>();
            for (int i = 0; i < 80; i++) {
                page.keyboard().press("Tab");
                seen.add((String) page.evaluate("""
                        () => document.activeElement === document.body ? ''
                            : (document.activeElement.textContent || document.activeElement.name || '').trim()"""));
                Object outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
                if (!"".equals(page.evaluate("document.activeElement === document.body ? '' : 'x'"))) {
                    assertThat(outline).isNotEqualTo("none");
                }
            }
            assertThat(seen).containsAll(((List<?>) wanted).stream().map(String::valueOf).toList());
            assertThat(seen.iterator().next()).isEqualTo("Skip to the content");
        }
    }

    @Test
    void aPersonSignsInAndOut() throws IOException {
        try (BrowserContext context = context(Screen.PHONE)) {
            Page page = open(context, "/fam/tune-4", new ArrayList<>());
            assertThat(page.locator("h1").textContent()).isEqualTo("Not Found");
            page.locator("header .visitor").click();
            assertThat(page.evaluate("document.activeElement.id")).isEqualTo("token");
            page.keyboard().type("wrong");
            page.keyboard().press("Enter");
            page.locator("[role=alert]").waitFor();
            page.screenshot(new Page.ScreenshotOptions().setPath(PICTURES.resolve("login-refused.png")));
            page.locator("#token").fill(TOKEN);
            page.keyboard().press("Enter");
            page.waitForURL("**/fam/tune-4");
            assertThat(page.locator("h1").textContent()).contains("tune-4");
            page.screenshot(new Page.ScreenshotOptions().setPath(PICTURES.resolve("signed-in.png")));
            assertThat(context.cookies().getFirst().httpOnly).isTrue();
            page.navigate(server.url() + "/fam/tune-4/tree/main");
            Download file =
                    page.waitForDownload(() -> page.locator("a[download], a[href*='/resolve/']").first().click());
            assertThat(file.failure()).isNull();
            page.getByText("Sign out").click();
            page.waitForURL("**/");
            assertThat(page.locator("main").textContent()).contains("tune-1").doesNotContain("tune-4");
            page.goBack();
            page.reload();
            assertThat(page.locator("h1").textContent()).isEqualTo("Not Found");
        }
    }

    @Test
    void aCommandIsCopied() {
        try (BrowserContext context = context(Screen.LIGHT)) {
            context.grantPermissions(List.of("clipboard-read", "clipboard-write"));
            Page page = open(context, "/fam/tune-1", new ArrayList<>());
            page.locator(".snippet[open] .copy").click();
            until(page, "document.querySelector('.snippet[open] .copy').textContent === 'Copied'");
            assertThat(page.evaluate("navigator.clipboard.readText()"))
                    .isEqualTo("export HF_ENDPOINT=" + server.url() + "\nhf download fam/tune-1");
        }
    }

    @Test
    void aSearchIsTypedAndFollowed() {
        try (BrowserContext context = context(Screen.PHONE)) {
            Page page = open(context, "/", new ArrayList<>());
            page.getByLabel("Search models and families").fill("tune-2");
            page.keyboard().press("Enter");
            page.waitForURL("**/search?q=tune-2");
            page.locator("main table a").first().click();
            assertThat(page.title()).isEqualTo("fam/tune-2 · Weightspan");
        }
    }

    @Test
    void everythingIsThereWithoutScripts() {
        Browser.NewContextOptions options = new Browser.NewContextOptions().setJavaScriptEnabled(false);
        try (BrowserContext context = browser.newContext(options)) {
            Page page = context.newPage();
            page.navigate(server.url() + "/fam/tune-1");
            assertThat(page.locator(".snippet pre").first().innerText()).contains("hf download fam/tune-1");
            page.navigate(server.url() + "/families/fam");
            assertThat(page.locator("main h1").innerText()).isEqualTo("fam");
        }
    }

    /** A size of window and a colour scheme. */
    private enum Screen {
        LIGHT(1200, 900, ColorScheme.LIGHT), DARK(1200, 900, ColorScheme.DARK), PHONE(360, 740, ColorScheme.LIGHT);

        private final int width;
        private final int height;
        private final ColorScheme scheme;

        Screen(int width, int height, ColorScheme scheme) {
            this.width = width;
            this.height = height;
            this.scheme = scheme;
        }
    }

    private static BrowserContext context(Screen screen) {
        return browser.newContext(new Browser.NewContextOptions()
                .setViewportSize(screen.width, screen.height)
                .setColorScheme(screen.scheme));
    }

    private static Page open(BrowserContext context, String target, List<String> complaints) {
        Page page = context.newPage();
        page.onConsoleMessage(message -> {
            // The refusal that is being looked at is also told of on the console.
            if (!message.text().contains("404")) {
                complaints.add(message.type() + ": " + message.text());
            }
        });
        page.onPageError(complaints::add);
        page.navigate(server.url() + target);
        until(page, "!document.querySelector('#report[data-pending]')");
        until(page, "[...document.querySelectorAll('.chart')].every((c) => c.querySelector('canvas'))");
        return page;
    }

    /** Waits until an expression is true. Playwright's own way has the page evaluate text, which its policy forbids. */
    private static void until(Page page, String expression) {
        for (int i = 0; i < 600 && !Boolean.TRUE.equals(page.evaluate(expression)); i++) {
            page.waitForTimeout(50);
        }
        assertThat(page.evaluate(expression)).as(expression).isEqualTo(true);
    }

    /** Returns what axe finds wrong with a page. */
    private static List<?> violations(Page page) throws IOException {
        try (InputStream in = WebBrowserTest.class.getResourceAsStream("/axe.min.js")) {
            assertThat(in).isNotNull();
            page.evaluate(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
        return (List<?>) page.evaluate(
                """
                async () => (await axe.run(document)).violations
                    .map((v) => v.id + ': ' + v.nodes.map((n) => n.target.join(' ') + ' '
                        + (n.any[0]?.message ?? '')).join('; '))""");
    }
}
