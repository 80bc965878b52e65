package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Request targets are split before they are decoded, and what can't be a path is refused. */
class RequestTargetTest {

    @Test
    void splitsBeforeDecoding() throws Exception {
        RequestTarget target = RequestTarget.parse("/a/b/resolve/feat%2Fx/d%20e/%C3%BC.txt");
        assertThat(target.segments()).containsExactly("a", "b", "resolve", "feat/x", "d e", "ü.txt");
    }

    @Test
    void dropsOneTrailingSlash() throws Exception {
        assertThat(RequestTarget.parse("/api/models/").segments()).containsExactly("api", "models");
        assertThat(RequestTarget.parse("/").segments()).isEmpty();
    }

    @Test
    void takesAbsoluteForm() throws Exception {
        assertThat(RequestTarget.parse("http://host:1/a?x=1").segments()).containsExactly("a");
        assertThat(RequestTarget.parse("http://host:1").segments()).isEmpty();
    }

    @Test
    void decodesQuery() throws Exception {
        RequestTarget target = RequestTarget.parse("/x?recursive=True&expand=false&q=a%20b+c&q=2");
        assertThat(target.flag("recursive")).isTrue();
        assertThat(target.flag("expand")).isFalse();
        assertThat(target.flag("missing")).isFalse();
        assertThat(target.query().get("q")).isEqualTo(List.of("a b c", "2"));
        assertThat(target.parameter("missing", "none")).isEqualTo("none");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "*",
                "a/b",
                "/a//b",
                "//",
                "/..",
                "/a/../b",
                "/a/%2e%2E/b",
                "/a/./b",
                "/a/x%2F..%2Fy",
                "/a/%2Fy",
                "/a/y%2F",
                "/a/%00",
                "/a/%0a",
                "/a/%7F",
                "/a/%C2%85",
                "/a/%",
                "/a/%4",
                "/a/%zz",
                "/a/%-1",
                "/a/%C3",
                "/a/%ED%A0%80",
                "/a/%C0%AE",
                "/a b",
                "/\u00fc",
                "/a#b",
                "/a?x=%zz",
                "ftp://host/a"
            })
    void refuses(String raw) {
        assertThatThrownBy(() -> RequestTarget.parse(raw)).isInstanceOfSatisfying(HttpException.class, e -> {
            assertThat(e.status().code()).isEqualTo(400);
            assertThat(e.code()).isNull();
        });
    }
}
