package io.weightspan.server.gitignore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules as git's manual states them; {@link GitIgnorePropertyTest} asks git itself. */
class GitIgnoreTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', value = {
        // Without a slash a pattern fits names in every folder, with one paths from the root.
        "*.tmp               | a.tmp               | true",
        "*.tmp               | x/y/a.tmp           | true",
        "*.tmp               | a.tmp2              | false",
        "/a.txt              | a.txt               | true",
        "/a.txt              | x/a.txt             | false",
        "doc/frotz           | doc/frotz           | true",
        "doc/frotz           | a/doc/frotz         | false",
        "nested/*            | nested/file.bin     | true",
        "nested/*            | nested/x/file.bin   | true",
        "nested/*            | nested              | false",
        // A slash at the end is for folders, and what is in them.
        "frotz/              | frotz/a             | true",
        "frotz/              | x/frotz/a           | true",
        "frotz/              | frotz               | false",
        // An asterisk stays within a segment, two don't.
        "foo/*               | foo/bar/hello.c     | true",
        "foo/*.c             | foo/bar/hello.c     | false",
        "**/foo              | foo                 | true",
        "**/foo/bar          | x/y/foo/bar         | true",
        "abc/**              | abc/x/y             | true",
        "abc/**              | abc                 | false",
        "a/**/b              | a/b                 | true",
        "a/**/b              | a/x/y/b             | true",
        "a/**/b              | a/xb                | false",
        "a**b/c              | axyb/c              | true",
        // Sets of characters.
        "x[a-c].bin          | xb.bin              | true",
        "x[!a-c].bin         | xb.bin              | false",
        "x[^a-c].bin         | xd.bin              | true",
        "x[]].bin            | x].bin              | true",
        "x[[:digit:]].bin    | x7.bin              | true",
        "x[[:none:]].bin     | x7.bin              | false",
        "x[a                 | xa                  | false",
        "a[+-0]b             | a/b                 | false",
        "?.bin               | ä.bin               | true",
        "?.bin               | ab.bin              | false",
        // Escapes.
        "\\#note             | #note               | true",
        "#note               | #note               | false",
        "\\!important        | !important          | true",
        "a\\*                | a*                  | true",
        "a\\*                | ab                  | false",
        "a\\                 | a                   | false",
        // A dot is no more than a dot.
        "a.b                 | axb                 | false",
        "a+(b                | a+(b                | true",
    })
    void fitsAsTheManualSays(String pattern, String path, boolean ignored) throws TooMuchWorkException {
        assertThat(GitIgnore.parse(pattern).ignores(path)).isEqualTo(ignored);
    }

    @Test
    void theLastRuleThatFitsDecides() throws TooMuchWorkException {
        GitIgnore rules = GitIgnore.parse("*.bin\n!keep.bin\n");
        assertThat(rules.ignores("a.bin")).isTrue();
        assertThat(rules.ignores("x/keep.bin")).isFalse();
        assertThat(GitIgnore.parse("!keep.bin\n*.bin\n").ignores("keep.bin")).isTrue();
    }

    @Test
    void whatIsInAnIgnoredFolderCannotBeTakenBack() throws TooMuchWorkException {
        GitIgnore rules = GitIgnore.parse("runs/\n!runs/keep.txt\n");
        assertThat(rules.ignores("runs/keep.txt")).isTrue();
        assertThat(GitIgnore.parse("runs/*\n!runs/keep.txt\n").ignores("runs/keep.txt")).isFalse();
    }

    @Test
    void linesMayEndAsOnWindowsAndTrailingSpacesDoNotCount() throws TooMuchWorkException {
        GitIgnore rules = GitIgnore.parse("\uFEFF# made elsewhere\r\n\r\na.txt  \r\nb\\ \r\n");
        assertThat(rules.ignores("a.txt")).isTrue();
        assertThat(rules.ignores("b ")).isTrue();
        assertThat(rules.ignores("b")).isFalse();
        assertThat(rules.ignores("# made elsewhere")).isFalse();
    }

    @Test
    void patternsThatAreMeantToTakeLongDoNot() throws TooMuchWorkException {
        GitIgnore rules = GitIgnore.parse("a*".repeat(100) + "b\n");
        assertThat(rules.ignores("a".repeat(255))).isFalse();
        assertThat(rules.ignores("a".repeat(254) + "b")).isTrue();
    }

    @Test
    void tooMuchWorkIsRefused() {
        GitIgnore rules = GitIgnore.parse("/**/a*b*c*d/*e\n".repeat(4000));
        List<String> paths = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            paths.add(("x/" + i).repeat(250));
        }
        assertThatExceptionOfType(TooMuchWorkException.class).isThrownBy(() -> {
            for (String path : paths) {
                rules.ignores(path);
            }
        });
    }

    @Test
    void tooLongATextIsRefused() throws TooMuchWorkException {
        String longest = "#".repeat(GitIgnore.MAX_BYTES - 2) + "\na";
        assertThat(GitIgnore.parse(longest).ignores("a")).isTrue();
        assertThatIllegalArgumentException().isThrownBy(() -> GitIgnore.parse(longest + "b"));
    }
}
