package io.weightspan.server.gitignore;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** Holds the rules against {@code git check-ignore}, of which this machine must have one; skips otherwise. */
class GitIgnorePropertyTest {

    private static @Nullable Path work;

    @BeforeContainer
    static void initialise() throws IOException, InterruptedException {
        work = Files.createTempDirectory("weightspan-gitignore");
        try {
            git(List.of("init", "--quiet"), "");
        } catch (IOException e) {
            assumeTrue(false, "no git on this machine: " + e.getMessage());
        }
    }

    @AfterContainer
    static void remove() throws IOException {
        try (var files = Files.walk(work())) {
            for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(file);
            }
        }
    }

    @Property(tries = 150)
    void ignoresWhatGitIgnores(@ForAll("rules") List<String> lines, @ForAll("paths") Set<String> paths)
            throws IOException, InterruptedException, TooMuchWorkException {
        String text = String.join("\n", lines) + "\n";
        Files.writeString(work().resolve(".gitignore"), text);
        String ignored = git(List.of("check-ignore", "--no-index", "-z", "--stdin"), String.join("\0", paths) + "\0");
        Set<String> expected = new LinkedHashSet<>(List.of(ignored.split("\0", -1)));
        expected.remove("");
        GitIgnore rules = GitIgnore.parse(text);
        Set<String> actual = new LinkedHashSet<>();
        for (String path : paths) {
            if (rules.ignores(path)) {
                actual.add(path);
            }
        }
        assertThat(actual).isEqualTo(expected);
    }

    @Provide
    Arbitrary<List<String>> rules() {
        Arbitrary<String> pieces = Arbitraries.of(
                "a", "b", "ab", ".", "*", "?", "/", "/**/", "**", "[ab]", "[!a]", "[a-c]", "[b-a]", "[]a]",
                "[[:alpha:]", "[[:alpha:]b]", "[", "]", "-", "\\", " ", "#");
        Arbitrary<String> glob = pieces.list().ofMinSize(1).ofMaxSize(6).map(list -> String.join("", list));
        Arbitrary<String> start = Arbitraries.of("", "", "", "/", "!", "**/");
        Arbitrary<String> end = Arbitraries.of("", "", "", "/", "/*", "/**", "  ");
        return Combinators.combine(start, glob, end)
                .as((first, middle, last) -> first + middle + last)
                .list()
                .ofMinSize(1)
                .ofMaxSize(5);
    }

    @Provide
    Arbitrary<Set<String>> paths() {
        Arbitrary<String> segment = Arbitraries.of("a", "b", "c", "ab", "abc", "a.b", "#a", "]", "-", "[", "a b", "b ");
        return segment.list()
                .ofMinSize(1)
                .ofMaxSize(4)
                .map(list -> String.join("/", list))
                .set()
                .ofMinSize(1)
                .ofMaxSize(30);
    }

    private static Path work() {
        return requireNonNull(work);
    }

    private static String git(List<String> arguments, String input) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).directory(work().toFile());
        // No rules but those of the test.
        builder.environment().put("HOME", work().toString());
        builder.environment().put("GIT_CONFIG_NOSYSTEM", "1");
        builder.environment().put("XDG_CONFIG_HOME", work().toString());
        Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        // 1: nothing is ignored.
        assertThat(process.waitFor()).isIn(0, 1);
        return output;
    }
}
