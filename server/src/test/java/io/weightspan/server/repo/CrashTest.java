package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.cli.Weightspan;
import io.weightspan.codec.family.Progress;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills real {@code pack} processes at random moments. Whatever the moment, the store verifies, every repository is
 * wholly there or not at all, and a re-run completes. {@code -Dweightspan.crash.runs=N} says how often; the default is
 * few.
 */
class CrashTest {

    private static final int RUNS = Integer.getInteger("weightspan.crash.runs", 3);
    private static final int MEMBERS = 4;

    @TempDir
    Path folder;

    @Test
    void killedPackLeavesTheStoreAsItWasAndARerunCompletes() throws Exception {
        long seed = Long.getLong("weightspan.crash.seed", System.nanoTime());
        System.out.println("weightspan.crash.seed=" + seed);
        Random random = new Random(seed);
        List<Path> models = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
            models.add(TestModels.model(folder.resolve("models/m" + i), 42, i, 1024));
        }
        Path reference = folder.resolve("reference");
        long before = System.nanoTime();
        assertThat(start(reference, models).waitFor()).isZero();
        long whole = System.nanoTime() - before;

        Path store = folder.resolve("store");
        int killed = 0;
        Map<String, Integer> left = new TreeMap<>();
        for (int run = 0; run < RUNS; run++) {
            // A new store, one with everything in it, or the one that the last kill left.
            int start = random.nextInt(3);
            if (start < 2) {
                delete(store);
            }
            if (start == 1) {
                copy(reference, store);
            }
            if (start > 0) {
                TestModels.write(models.get(run % MEMBERS).resolve("model.safetensors"), 42, 100 + run, 1024);
            }
            Process pack = start(store, models);
            boolean ended = pack.waitFor(random.nextLong(whole * 5 / 4), TimeUnit.NANOSECONDS);
            pack.destroyForcibly().waitFor();
            killed += ended ? 0 : 1;
            int repos = assertSound(store);
            left.merge(repos == 0 ? "nothing" : repos < MEMBERS ? "some repositories" : "all repositories", 1,
                    Integer::sum);
            assertThat(repos).as("a store that had everything still has it")
                    .isGreaterThanOrEqualTo(start == 1 ? MEMBERS : 0);
        }
        System.out.println("killed " + killed + " of " + RUNS + " runs before their end; stores then had " + left);
        assertThat(start(store, models).waitFor()).isZero();
        assertSound(store);
        try (ObjectStore opened = FolderObjectStore.open(store)) {
            Repositories repositories = new Repositories(opened);
            assertThat(repositories.list()).hasSize(MEMBERS);
            for (Path model : models) {
                Commit commit = repositories.resolve(RepoId.of("models/" + model.getFileName()), "main");
                Path to = folder.resolve("out").resolve(model.getFileName());
                new Unpacker(opened).unpack(commit, Unpacker.View.STORED, to, Unpacker.Overwrite.REFUSE, 1,
                        Progress.NONE);
                for (CommitFile file : commit.files()) {
                    assertThat(to.resolve(file.path())).hasSameBinaryContentAs(model.resolve(file.path()));
                }
            }
        }
        assertThat(store.resolve("tmp")).as("scratch of the killed").isEmptyDirectory();
    }

    private Process start(Path store, List<Path> models) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Weightspan.class.getName(),
                "pack",
                "--store",
                store.toString()));
        models.forEach(model -> command.add(model.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
                .start();
    }

    /**
     * Everything that a branch reaches decodes; what no branch reaches doesn't count. Returns the repositories' number.
     */
    private static int assertSound(Path store) throws IOException {
        if (!Files.exists(store.resolve("weightspan-store"))) {
            return 0; // killed before the store was made
        }
        try (ObjectStore opened = FolderObjectStore.open(store)) {
            Repositories repositories = new Repositories(opened);
            List<RepoId> repos = repositories.list();
            assertThat(new Verifier(opened).verify(repos, 2, PackListener.NONE).failures()).isEmpty();
            return repos.size();
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> all;
        try (Stream<Path> walk = Files.walk(from)) {
            all = walk.toList();
        }
        for (Path path : all) {
            Files.copy(path, to.resolve(from.relativize(path).toString()));
        }
    }

    private static void delete(Path tree) throws IOException {
        if (Files.exists(tree)) {
            List<Path> all;
            try (Stream<Path> walk = Files.walk(tree)) {
                all = walk.sorted(java.util.Comparator.reverseOrder()).toList();
            }
            for (Path path : all) {
                Files.delete(path);
            }
        }
    }
}
