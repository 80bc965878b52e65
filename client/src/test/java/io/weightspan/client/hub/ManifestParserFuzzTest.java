package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;

/** Whatever a server sends as a manifest ends in one that is safe to use, or in the documented exception. */
class ManifestParserFuzzTest {

    private static final Path FOLDER = Path.of("/target/folder");

    @FuzzTest(maxDuration = "60s")
    void onlyARefusalEscapes(byte[] json) {
        Manifest manifest;
        try {
            manifest = ManifestParser.parse(json, RepoName.parse("a/b"));
        } catch (HubException refused) {
            return;
        }
        for (Manifest.File file : manifest.files()) {
            Path path = FOLDER.resolve(file.path()).normalize();
            assertThat(path.startsWith(FOLDER) && !path.equals(FOLDER)).isTrue();
            assertThat(file.size()).isNotNegative();
            assertThat(file.objectSize()).isNotNegative();
        }
    }
}
