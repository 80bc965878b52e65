package io.weightspan.server.hub;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The one rule that tells large files from regular ones, and their ids. */
class LargeFilesTest {

    private static final String HELLO_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    private static final String HELLO_SHA1 = "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0";

    @ParameterizedTest
    @CsvSource({
        "model.safetensors, 5, true",
        "a/b/MODEL.BIN, 5, true",
        "a.pt, 5, true",
        "a.safetensors/config.json, 5, false",
        "config.json, 9999999, false",
        "config.json, 10000000, true",
        "bin, 5, false",
        "empty.bin, 0, false",
    })
    void decidesByPathAndSize(String path, long size, boolean large) {
        assertThat(LargeFiles.isLarge(file(path, size))).isEqualTo(large);
    }

    @Test
    void aLargeFileIsKnownByItsSha256AndItsPointer() {
        CommitFile file = file("x.bin", 5);
        assertThat(LargeFiles.tag(file)).isEqualTo(HELLO_SHA256);
        // As git hashes the pointer that git-lfs writes for the same five bytes.
        assertThat(LargeFiles.gitBlob(file)).isEqualTo("d1ca116d6733584c13cb8bb50b21d5b5b81ee28f");
        assertThat(LargeFiles.pointerSize(file)).isEqualTo(126);
    }

    @Test
    void aRegularFileIsKnownByItsSha1() {
        assertThat(LargeFiles.tag(file("x.txt", 5))).isEqualTo(HELLO_SHA1);
        assertThat(LargeFiles.gitBlob(file("x.txt", 5))).isEqualTo(HELLO_SHA1);
    }

    private static CommitFile file(String path, long size) {
        Digest digest = Digest.of(HELLO_SHA256);
        return new CommitFile(path, size, digest, HELLO_SHA1, FileKind.PLAIN, digest, size);
    }
}
