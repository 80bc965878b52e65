package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Packs families of real models, where they are at hand, and compares every byte that comes back. Prints what each
 * takes. Runs with {@code -Dweightspan.families=true}, for it takes minutes.
 */
class RealFamiliesTest {

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "vit-fmnist/base,",
        "vit-fmnist/full-bf16, vit-fmnist/base/base-bf16",
        "vit-fmnist/full-f32, vit-fmnist/base/base",
        "vit-fmnist/merged-bf16, vit-fmnist/base/base-bf16",
        "vit-fmnist/lora,",
        "vit-fmnist/lora-same-seed,",
        "vit-fmnist/lora-one-recipe,",
        "sd1x-lora-r4,",
        "gpt2-lora-r8,",
        "distilgpt2-fed-lora-r8,",
        "pangolin,",
        "openwakeword,"
    })
    void comesBackByteForByte(String family, String base) throws IOException {
        Path shared = Path.of(System.getProperty("weightspan.shared", "../shared"), "families");
        assumeTrue(Boolean.getBoolean("weightspan.families"), "run with -Dweightspan.families=true");
        assumeTrue(Files.isDirectory(shared.resolve(family)), "family " + family + " is not at hand in " + shared);
        List<PackFolder> members;
        try (Stream<Path> folders = Files.list(shared.resolve(family))) {
            members = folders.filter(Files::isDirectory).sorted().map(RealFamiliesTest::folderOf).toList();
        }
        Optional<PackFolder> baseFolder =
                Optional.ofNullable(base).map(path -> folderOf(shared.resolve(path)));
        try (ObjectStore store = FolderObjectStore.openOrCreate(folder.resolve("store"))) {
            long before = System.nanoTime();
            List<PackedRepo> packed = new Packer(store)
                    .pack(new PackRequest(members, baseFolder, Optional.empty(), "", 2), PackListener.NONE);
            double seconds = (System.nanoTime() - before) / 1e9;
            report(family, baseFolder, packed, seconds);
            assertThat(new Verifier(store)
                    .verify(new Repositories(store).list(), 2, PackListener.NONE)
                    .failures())
                    .isEmpty();
            for (PackedRepo repo : packed) {
                PackFolder source = Stream.concat(baseFolder.stream(), members.stream())
                        .filter(from -> from.repo().equals(repo.commit().repo()))
                        .findFirst()
                        .orElseThrow();
                assertUnpacksTo(store, repo.commit(), source.folder());
            }
        }
    }

    private static PackFolder folderOf(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        String namespace = whole.getName(whole.getNameCount() - 2).toString();
        return new PackFolder(new RepoId(namespace, whole.getFileName().toString()), path, namespace);
    }

    private void assertUnpacksTo(ObjectStore store, Commit commit, Path expected) throws IOException {
        Path to = folder.resolve(commit.repo().toString());
        new Unpacker(store).unpack(commit, Unpacker.View.STORED, to, Unpacker.Overwrite.REFUSE, 2, Progress.NONE);
        long files;
        try (Stream<Path> walk = Files.walk(expected)) {
            files = walk.filter(Files::isRegularFile).peek(file -> {
                try {
                    Path other = to.resolve(expected.relativize(file).toString());
                    if (Files.mismatch(file, other) >= 0) {
                        Assertions.fail(other + " differs from " + file);
                    }
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }).count();
        }
        assertThat(commit.files()).hasSize((int) files);
    }

    private static void report(String family, Optional<PackFolder> base, List<PackedRepo> packed, double seconds) {
        Map<Digest, Long> weights = new HashMap<>();
        long bytes = 0;
        long all = 0;
        for (PackedRepo repo : packed) {
            all += repo.commit().size();
            if (base.isEmpty() || !base.get().repo().equals(repo.commit().repo())) {
                for (CommitFile file : repo.commit().files()) {
                    if (FileTypes.isSafetensors(file.path())) {
                        bytes += file.size();
                        weights.put(file.object(), file.storedSize());
                    }
                }
            }
        }
        long stored = weights.values().stream().mapToLong(size -> size).sum();
        System.out.printf(
                "%-28s %3d repos, weights %,12d -> %,12d (%.4f), packed at %.1f MB/s%n",
                family, packed.size(), bytes, stored, (double) stored / bytes, all / 1e6 / seconds);
    }
}
