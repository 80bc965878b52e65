package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

    @ParameterizedTest
    @ValueSource(strings = {"a/b", "A_1/x.y-z", "0/0", "_/_", "ns/name.with.dots", "en__Queen/of_v0.1"})
    void acceptsRepositoryNamesStNam001(String name) {
        assertThat(RepoId.of(name)).hasToString(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "a", "/", "a/", "/b", "a/b/c", "a//b", "../b", "a/..", "./b", "a/.", "a/.hidden", "a/b-", "-a/b",
                "a/b--c", "a/b..c", "a/b.git", "a/b c", "a/b\\c", "a/b\0", "a/b\n", "ä/b", "a/b%2F", "a/b:c", "a/b@c"
            })
    void refusesRepositoryNamesStNam001(String name) {
        assertThatThrownBy(() -> RepoId.of(name)).isInstanceOf(InvalidNameException.class);
    }

    @Test
    void repositoryNameHasAtMost96CharactersStNam001() {
        assertThat(RepoId.of("a/" + "b".repeat(94)).toString()).hasSize(96);
        assertThatThrownBy(() -> RepoId.of("a/" + "b".repeat(95))).isInstanceOf(InvalidNameException.class);
    }

    @Test
    void repositoriesAreOrderedByNamespaceThenName() {
        List<RepoId> sorted = List.of(RepoId.of("b/a"), RepoId.of("a/c"), RepoId.of("a/b")).stream()
                .sorted()
                .toList();
        assertThat(sorted).containsExactly(RepoId.of("a/b"), RepoId.of("a/c"), RepoId.of("b/a"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "a/b/c.safetensors", ".gitattributes", "d e/ü.txt", "a..b", "...", "a/..b", "日本", "😀"})
    void acceptsFileNamesStNam002(String path) {
        assertThat(RepoPath.check(path)).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "a/./b", "./a", "a\\b", "..\\a",
                "C:\\a",
                "a\0b", "a\nb", "a\u001bb", "a\u007fb", "a\u0085b", "a\u2028b", "a\u2029b", "\ud800", "a\udc00b"
            })
    void refusesFileNamesStNam002(String path) {
        assertThatThrownBy(() -> RepoPath.check(path)).isInstanceOf(InvalidNameException.class);
    }

    @Test
    void fileNamesHaveLimitsStNam002() {
        String longest = "x".repeat(255);
        assertThat(RepoPath.check(longest + "/" + longest)).isNotEmpty();
        assertThatThrownBy(() -> RepoPath.check(longest + "x")).isInstanceOf(InvalidNameException.class);
        assertThatThrownBy(() -> RepoPath.check("ü".repeat(128))).isInstanceOf(InvalidNameException.class);
        String whole = String.join("/", longest, longest, longest, longest);
        assertThatThrownBy(() -> RepoPath.check(whole + "/xx")).isInstanceOf(InvalidNameException.class);
    }

    @Property
    void whatIsAcceptedStaysInsideItsFolderStNam002(@ForAll String path) {
        try {
            RepoPath.check(path);
        } catch (InvalidNameException e) {
            return;
        }
        Path root = Path.of("/root/folder");
        Path resolved = root.resolve(path).normalize();
        assertThat(resolved).startsWithRaw(root).isNotEqualTo(root);
        assertThat(root.relativize(resolved)).hasToString(path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"main", "v1.0", "feat/x", "refs/pr/1", "A-b_c", "0123456"})
    void acceptsBranchesAndTagsStRef002(String name) {
        assertThat(RefName.check(name)).isEqualTo(name);
        assertThat(RefName.ofKeySegment(RefName.toKeySegment(name))).isEqualTo(name);
        assertThat(RefName.toKeySegment(name)).doesNotContain("/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "/", "a/", "/a", "a//b", ".", "..", "a..b", ".a", "a.", "a/.b", "a b", "a%2Fb", "ä", "a\0",
                "0123456789abcdef0123456789abcdef01234567"
            })
    void refusesBranchesAndTagsStRef002(String name) {
        assertThat(RefName.isValid(name)).isFalse();
        assertThatThrownBy(() -> RefName.check(name)).isInstanceOf(InvalidNameException.class);
    }

    @Test
    void messageShowsControlCharactersEscaped() {
        assertThatThrownBy(() -> RepoPath.check("a\u001b[2Jb\u202e"))
                .hasMessageContaining("a\\u001b[2Jb\\u202e")
                .hasMessageContaining("control characters");
    }
}
