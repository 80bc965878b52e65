package io.weightspan.server.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Any bytes are a file of tokens, or refused as none with the file's name. */
class TokenFileFuzzTest {

    @FuzzTest
    void anyBytesAreTokensOrNone(byte[] bytes) throws IOException {
        Path file = Files.createTempFile("tokens", ".json");
        try {
            Files.write(file, bytes);
            for (AccessToken token : new TokenFile(file).read()) {
                assertThat(TokenFile.checkName(token.name())).isEqualTo(token.name());
            }
        } catch (TokenFile.TokenFileException e) {
            assertThat(e).hasMessageContaining(file.toString());
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
