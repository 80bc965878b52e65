package io.weightspan.server.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Ids compared with what git itself gave for the same contents. */
class GitIdsTest {

    private static final String HELLO = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";

    @Test
    void blobAsGit() {
        assertThat(GitIds.blob("hello".getBytes(StandardCharsets.US_ASCII))).isEqualTo(HELLO);
    }

    @Test
    void treeAsGitWithFoldersSortedAsIfTheyEndedInASlash() {
        String folder = GitIds.tree(Map.of("x.txt", new GitIds.Entry(false, HELLO)));
        assertThat(folder).isEqualTo("e838c50af5371ee4f46ca215d8ef5e67e4e49fa1");
        Map<String, GitIds.Entry> root = Map.of(
                "a", new GitIds.Entry(true, folder),
                "a.b", new GitIds.Entry(false, "e25f1814e51579d5f55c0f1fe0135ddb28a47f4a"),
                "a-c", new GitIds.Entry(false, "fa7af8bf5fdd704f73beb3adc5612682a98e1af5"));
        assertThat(GitIds.tree(root)).isEqualTo("7ab39fc380bfa550436135dbb00f52b2d72146d7");
    }
}
