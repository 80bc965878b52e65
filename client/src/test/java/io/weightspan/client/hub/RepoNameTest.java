package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RepoNameTest {

    @Test
    void readsTheRevisionAfterTheSign() {
        assertThat(RepoName.parse("a/b")).isEqualTo(new RepoName("a/b", "main"));
        assertThat(RepoName.parse("a/b@feat/x@2")).isEqualTo(new RepoName("a/b", "feat/x@2"));
        assertThat(RepoName.parse("a_b/C.d-e@v1")).hasToString("a_b/C.d-e@v1");
        assertThat(RepoName.parse("a/b")).hasToString("a/b");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "/a", "a/", "a/b/c", "../b", "a/..", "a/b..c", "a/b--c", "a/b.git", ".a/b", "a/b@",
        "a/b@x y", "a/b@x\ny", "a b/c", "ä/b"})
    void refusesOtherNames(String text) {
        assertThatThrownBy(() -> RepoName.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesNamesThatAreTooLong() {
        assertThatThrownBy(() -> RepoName.parse("a/" + "b".repeat(95))).isInstanceOf(IllegalArgumentException.class);
    }
}
