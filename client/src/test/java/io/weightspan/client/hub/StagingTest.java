package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagingTest {

    @TempDir
    private Path folder;

    @Test
    void leavesNothingOfWhatWasNotPlaced() throws IOException {
        try (Staging staging = Staging.open(folder)) {
            staging.create("a/b").close();
            staging.create("c").close();
            staging.place("a/b");
        }
        assertThat(folder.resolve("a/b")).isEmptyFile();
        try (var left = Files.list(folder)) {
            assertThat(left).containsExactly(folder.resolve("a"));
        }
    }

    @Test
    void removesWhatAKilledProcessLeftAndNothingElse() throws IOException {
        Path abandoned = Files.createDirectories(folder.resolve(Staging.PREFIX + "1/files/x"));
        Files.write(abandoned.resolve("half"), new byte[10]);
        Files.createFile(folder.resolve(Staging.PREFIX + "1/lock"));
        Path other = Files.createFile(folder.resolve(".weightspan-other"));
        try (Staging inUse = Staging.open(folder); Staging second = Staging.open(folder)) {
            assertThat(folder.resolve(Staging.PREFIX + "1")).doesNotExist();
            try (FileChannel file = inUse.create("still-there")) {
                file.write(ByteBuffer.wrap(new byte[1]));
            }
            inUse.place("still-there");
            second.create("mine").close();
        }
        assertThat(folder.resolve("still-there")).exists();
        assertThat(other).exists();
    }

    @Test
    void refusesTwoFilesOfOneName() throws IOException {
        try (Staging staging = Staging.open(folder)) {
            staging.create("a").close();
            assertThatThrownBy(() -> staging.create("a")).isInstanceOf(HubException.class);
        }
    }

    @Test
    void resolvesNothingOutsideTheFolder() throws HubException {
        assertThat(Staging.resolve(folder, "a/b")).isEqualTo(folder.resolve("a").resolve("b"));
        for (String path : new String[] {"..", "a/../../b", "/etc/passwd", "\0"}) {
            assertThatThrownBy(() -> Staging.resolve(folder, path)).isInstanceOf(HubException.class);
        }
    }
}
