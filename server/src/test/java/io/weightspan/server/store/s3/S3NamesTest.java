package io.weightspan.server.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.server.store.NotAStoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Names of stores in buckets, and the variables that set them up. */
class S3NamesTest {

    @Test
    void locationIsABucketAndAPrefixStS3002() throws IOException {
        assertThat(S3Location.parse("s3://models")).isEqualTo(new S3Location("models", ""));
        assertThat(S3Location.parse("s3://models/")).isEqualTo(new S3Location("models", ""));
        S3Location deep = S3Location.parse("s3://models/a b/ü/");
        assertThat(deep).isEqualTo(new S3Location("models", "a b/ü"));
        assertThat(deep.key("refs/x")).isEqualTo("a b/ü/refs/x");
        assertThat(deep).hasToString("s3://models/a b/ü");
        assertThat(S3Location.parse("s3://models").key("refs/x")).isEqualTo("refs/x");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"s3://", "s3:///x", "s3://ab", "s3://-abc", "s3://a b c", "s3://models//x", "s3://models/a//b",
                "s3://models/../x", "s3://models/./x", "s3://models/a\u0000b", "s3://models/a\nb", "s3://arn:aws:s3/x"})
    void otherLocationsAreRefusedInWordsStS3002(String location) {
        assertThatThrownBy(() -> S3Location.parse(location))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("not a store in a bucket");
    }

    @Test
    void keysHaveALimit() throws IOException {
        S3Location location = S3Location.parse("s3://models/" + "p".repeat(500));
        assertThat(location.key("k".repeat(500))).hasSize(1001);
        assertThatThrownBy(() -> location.key("k".repeat(600)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("shorter prefix");
        assertThatThrownBy(() -> S3Location.parse("s3://models/" + "p".repeat(513)))
                .isInstanceOf(NotAStoreException.class);
    }

    @Test
    void variablesSetTheCacheAndTheStyle() {
        S3Settings told = settings(Map.of(
                "WEIGHTSPAN_S3_PATH_STYLE", "True",
                "WEIGHTSPAN_CACHE_DIR", "/fast/disk",
                "WEIGHTSPAN_CACHE_MB", "100",
                "WEIGHTSPAN_SCRATCH_DIR", "/scratch"));
        assertThat(told.pathStyle()).contains(true);
        assertThat(told.cache()).isEqualTo(Path.of("/fast/disk"));
        assertThat(told.cacheBytes()).isEqualTo(100L << 20);
        assertThat(told.scratch()).contains(Path.of("/scratch"));
        assertThat(settings(Map.of("XDG_CACHE_HOME", "/xdg")).cache()).isEqualTo(Path.of("/xdg/weightspan/blocks"));
        S3Settings defaults = settings(Map.of("XDG_CACHE_HOME", "relative", "WEIGHTSPAN_CACHE_MB", " "));
        assertThat(defaults.cache())
                .isEqualTo(Path.of(System.getProperty("user.home"), ".cache", "weightspan", "blocks"));
        assertThat(defaults.cacheBytes()).isEqualTo(10L << 30);
        assertThat(defaults.pathStyle()).isEqualTo(Optional.empty());
        assertThat(defaults.scratch()).isEmpty();
    }

    @Test
    void valuesOfOtherFormsAreRefusedInWords() {
        for (String bad : new String[] {"-1", "1.5", "many", "99999999999999999999", "9999999999999999"}) {
            assertThatThrownBy(() -> settings(Map.of("WEIGHTSPAN_CACHE_MB", bad)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("WEIGHTSPAN_CACHE_MB");
        }
        assertThatThrownBy(() -> settings(Map.of("WEIGHTSPAN_S3_PATH_STYLE", "maybe")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("WEIGHTSPAN_S3_PATH_STYLE");
    }

    private static S3Settings settings(Map<String, String> variables) {
        return S3Settings.of(variables::get);
    }
}
