package io.weightspan.client.hub;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestParserTest {

    private static final RepoName NAME = RepoName.parse("a/b");
    private static final String A = "a".repeat(64);
    private static final String B = "b".repeat(64);
    private static final String C = "c".repeat(64);
    private static final String RECORD = """
            {"path":"PATH","size":10,"sha256":"%s","object":{"kind":"record","sha256":"%s","size":5},
            "dependencies":[{"object":"%s","size":7,"file_sha256":"%s","role":"base"}]}""".formatted(A, B, C, A);
    private static final String GOOD = FaultServer.manifest("a/b", List.of(RECORD.replace("PATH", "w.safetensors")));

    @Test
    void readsARecordWithWhatItNeeds() throws HubException {
        Manifest manifest = parse(GOOD.replace("\"family\"", "\"later\":{\"x\":[1]},\"family\""));

        assertThat(manifest.revision()).isEqualTo(FaultServer.COMMIT);
        assertThat(manifest.family()).isEqualTo("fam");
        Manifest.File file = manifest.file("w.safetensors").orElseThrow();
        assertThat(file.kind()).isEqualTo(Manifest.Kind.RECORD);
        assertThat(file.size()).isEqualTo(10);
        assertThat(file.objectSize()).isEqualTo(5);
        assertThat(file.dependencies()).singleElement().satisfies(dependency -> {
            assertThat(dependency.object().hex()).isEqualTo(C);
            assertThat(dependency.fileSha256().hex()).isEqualTo(A);
            assertThat(dependency.role()).isEqualTo("base");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/etc/passwd", "../up", "a/../b", "a/./b", "a//b", "a/", ".", "..", "a\\\\b",
        "a\\u0000b", "a\\nb", "a\\u001b[2J", "\\ud800", "a\\u2028b", "a\\u0085b", ".weightspan-pull-1/x"})
    void refusesPathsBeforeTheyBecomeOnes(String path) {
        refused(FaultServer.manifest("a/b", List.of(RECORD.replace("PATH", path))));
    }

    @Test
    void refusesPathsThatAreTooLong() {
        refused(FaultServer.manifest("a/b", List.of(RECORD.replace("PATH", "x".repeat(256)))));
        refused(FaultServer.manifest("a/b", List.of(RECORD.replace("PATH", "ü".repeat(128)))));
        refused(FaultServer.manifest("a/b", List.of(RECORD.replace("PATH", "x/".repeat(512) + "x"))));
    }

    @Test
    void refusesPathsThatClash() {
        String file = RECORD.replace("PATH", "a");
        refused(FaultServer.manifest("a/b", List.of(file, file)));
        refused(FaultServer.manifest("a/b",
                List.of(RECORD.replace("PATH", "a/b"), RECORD.replace("PATH", "a-c"), file)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{}", "\"text\"", "12", "{\"repo\":\"a/b\"}", "not json",
        "{\"repo\":\"a/b\",\"repo\":\"a/b\"}"})
    void refusesWhatIsNoManifest(String json) {
        refused(json);
    }

    @Test
    void refusesWhatDoesNotFit() {
        refused(GOOD.replace("\"a/b\"", "\"a/other\""));
        refused(GOOD.replace(FaultServer.COMMIT, "main"));
        refused(GOOD.replace("\"size\":10", "\"size\":-1"));
        refused(GOOD.replace("\"size\":10", "\"size\":1.5"));
        refused(GOOD.replace("\"size\":10", "\"size\":\"10\""));
        refused(GOOD.replace("\"size\":10", "\"size\":9223372036854775808"));
        refused(GOOD.replace("\"size\":10", "\"size\":4611686018427387905"));
        refused(GOOD.replace("\"size\":10", "\"size\":null"));
        refused(GOOD.replace("\"size\":10", "\"size\":10,\"size\":10"));
        refused(GOOD.replace(B, B.substring(1)));
        refused(GOOD.replace(B, "B".repeat(64)));
        refused(GOOD.replace("\"record\"", "\"basis\""));
        refused(GOOD.replace("\"record\"", "\"plain\""));
        refused(GOOD.replace("[{\"object\"", "[null,{\"object\""));
        refused(GOOD.replace(C, B));
        refused(GOOD + "{}");
        refused(GOOD.replace("\"role\":\"base\"", "\"role\":" + "[".repeat(2000) + "]".repeat(2000)));
        refused(GOOD.replace("\"role\":\"base\"", "\"role\":\"" + "x".repeat(5000) + "\""));
    }

    @Test
    void refusesDepthAndCountsWithoutBoundsOnTheStack() {
        refused("[".repeat(1_000_000));
        refused("{\"x\":".repeat(1_000_000));
        refused("[" + " ".repeat(ManifestParser.MAX_BYTES) + "]");
    }

    private static void refused(String json) {
        assertThatThrownBy(() -> parse(json)).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.BAD_ANSWER));
    }

    private static Manifest parse(String json) throws HubException {
        return ManifestParser.parse(json.getBytes(UTF_8), NAME);
    }
}
