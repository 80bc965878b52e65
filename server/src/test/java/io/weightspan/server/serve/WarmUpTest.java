package io.weightspan.server.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.PackCoding;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackListener;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is decoded before anybody asks. */
class WarmUpTest {

    @TempDir
    private Path folder;

    private ObjectStore store;
    private StoredContent content;

    @BeforeEach
    void open() throws Exception {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        content = new StoredContent(store, 1 << 20);
    }

    @AfterEach
    void close() throws Exception {
        content.close();
        store.close();
    }

    @Test
    void decodesTheLargestFileOfEachRepository() throws Exception {
        CommitFile one = largest("m/one", 1);
        CommitFile two = largest("m/two", 2);
        try (WarmUp warmUp = new WarmUp(new Repositories(store), content)) {
            warmUp.start();
            assertThat(warmUp.await()).isEqualTo(one.size() + two.size()).isEqualTo(content.times().bytes());
        }
    }

    @Test
    void leavesADamagedFileToWhoAsksForIt() throws Exception {
        Digest damaged = largest("m/one", 1).object();
        CommitFile sound = largest("m/two", 2);
        Path object = store.localFile(damaged).orElseThrow();
        assertThat(object.toFile().setWritable(true)).isTrue();
        byte[] bytes = Files.readAllBytes(object);
        bytes[bytes.length / 2] ^= 1;
        Files.write(object, bytes);
        try (WarmUp warmUp = new WarmUp(new Repositories(store), content)) {
            warmUp.start();
            assertThat(warmUp.await()).isGreaterThanOrEqualTo(sound.size()).isLessThan(2 * sound.size());
        }
    }

    @Test
    void aStoreWithoutModelsNeedsNone() throws Exception {
        try (WarmUp warmUp = new WarmUp(new Repositories(store), content)) {
            warmUp.start();
            assertThat(warmUp.await()).isZero();
        }
    }

    @Test
    void endsWhenItIsClosed() throws Exception {
        largest("m/one", 1);
        WarmUp warmUp = new WarmUp(new Repositories(store), content);
        warmUp.close();
        assertThat(warmUp.await()).isZero();
    }

    /** Packs a model, and returns its file that has to be decoded. */
    private CommitFile largest(String repo, int seed) throws Exception {
        Path model = TestModels.model(folder.resolve(repo), seed, 0, 64);
        return new Packer(store)
                .pack(
                        new PackRequest(
                                List.of(new PackFolder(RepoId.of(repo), model, "m")),
                                Optional.empty(), Optional.empty(), "me", 1, PackCoding.EXACT, ""),
                        PackListener.NONE)
                .getFirst().commit().files().stream()
                .filter(file -> file.kind() == FileKind.RECORD)
                .max(Comparator.comparingLong(CommitFile::size)).orElseThrow();
    }
}
