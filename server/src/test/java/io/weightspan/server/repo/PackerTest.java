package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackerTest {

    private static final int WIDTH = 512;

    @TempDir
    Path folder;

    private ObjectStore store;
    private Repositories repositories;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        repositories = new Repositories(store);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void familyComesBackByteForByteAndSmaller() throws IOException {
        Path base = model("base", 0);
        List<Path> tuned = List.of(model("tuned-1", 1), model("tuned-2", 2), model("tuned-3", 3));
        List<PackedRepo> packed = pack(Optional.of(base), tuned);
        assertThat(packed).extracting(p -> p.commit().repo().toString())
                .containsExactly("models/base", "models/tuned-1", "models/tuned-2", "models/tuned-3");
        assertThat(packed).allMatch(PackedRepo::changed);
        for (PackedRepo repo : packed) {
            Commit commit = repositories.resolve(repo.commit().repo(), "main");
            assertThat(commit).isEqualTo(repo.commit());
            assertThat(commit.family()).isEqualTo("models");
            assertUnpacksTo(commit, folder.resolve("models").resolve(commit.repo().name()));
        }
        CommitFile weights = packed.get(1).commit().file("model.safetensors");
        assertThat(weights.kind()).isEqualTo(FileKind.RECORD);
        assertThat(weights.storedSize()).isLessThan(weights.size() * 7 / 10);
        assertThat(new StoredFiles(store).dependencies(weights))
                .extracting(StoredFiles.StoredDependency::role)
                .contains(Role.ROLE_BASE);
        assertThat(verify()).isEmpty();
    }

    @Test
    void baseOfTheStorePredictsToo() throws IOException {
        Commit base = pack(Optional.empty(), List.of(model("base", 0))).getFirst().commit();
        Path tuned = model("tuned", 1);
        PackRequest request =
                new PackRequest(List.of(folderOf(tuned)), Optional.empty(), Optional.of(base), "me", 2);
        Commit commit = new Packer(store).pack(request, PackListener.NONE).getFirst().commit();
        List<StoredFiles.StoredDependency> needed =
                new StoredFiles(store).dependencies(commit.file("model.safetensors"));
        assertThat(needed).singleElement().satisfies(dependency -> {
            assertThat(dependency.role()).isEqualTo(Role.ROLE_BASE);
            assertThat(dependency.object()).isEqualTo(base.file("model.safetensors").object());
            assertThat(dependency.fileSha256()).isEqualTo(base.file("model.safetensors").sha256());
        });
        assertUnpacksTo(commit, tuned);
    }

    @Test
    void siblingsPredictEachOtherWithinAPackAndFromTheStore() throws IOException {
        Commit first = pack(Optional.empty(), List.of(model("a", 1), model("b", 2))).get(1).commit();
        assertThat(new StoredFiles(store).dependencies(first.file("model.safetensors")))
                .extracting(StoredFiles.StoredDependency::role)
                .containsExactly(Role.ROLE_SIBLING);
        Commit later = pack(Optional.empty(), List.of(model("c", 3))).getFirst().commit();
        CommitFile weights = later.file("model.safetensors");
        assertThat(new StoredFiles(store).dependencies(weights)).isNotEmpty();
        assertThat(new StoredFiles(store).depth(weights)).isBetween(1, 3);
        assertUnpacksTo(later, folder.resolve("models/c"));
    }

    @Test
    void packingAgainMakesACommitOnlyIfSomethingChanged() throws IOException {
        Path model = model("m", 1);
        Commit first = pack(Optional.empty(), List.of(model)).getFirst().commit();
        long objects = objects().size();
        PackedRepo again = pack(Optional.empty(), List.of(model)).getFirst();
        assertThat(again.changed()).isFalse();
        assertThat(again.commit()).isEqualTo(first);
        assertThat(objects()).hasSize((int) objects);

        Files.writeString(model.resolve("config.json"), "{}");
        Files.delete(model.resolve("docs/notes.txt"));
        PackedRepo changed = pack(Optional.empty(), List.of(model)).getFirst();
        assertThat(changed.changed()).isTrue();
        assertThat(changed.commit().parent()).contains(first.object());
        assertThat(changed.commit().files())
                .extracting(CommitFile::path)
                .containsExactly("config.json", "model.safetensors", "training_args.bin");
        assertThat(changed.commit().file("model.safetensors").object())
                .isEqualTo(first.file("model.safetensors").object());
        assertThat(repositories.history(changed.commit())).containsExactly(changed.commit(), first);
    }

    @Test
    void identicalFilesAreStoredOnce() throws IOException {
        List<PackedRepo> packed = pack(Optional.empty(), List.of(model("a", 1), model("copy", 1)));
        Commit a = packed.get(0).commit();
        Commit copy = packed.get(1).commit();
        for (CommitFile file : a.files()) {
            assertThat(copy.file(file.path()).object()).isEqualTo(file.object());
        }
        assertThat(objects()).hasSize(a.files().size() + 2);
    }

    @Test
    void pickleIsStoredAsItIs() throws IOException {
        Path model = Files.createDirectories(folder.resolve("models/pickled"));
        Files.write(model.resolve("pytorch_model.bin"),
                "x".repeat(100_000).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        CommitFile file = pack(Optional.empty(), List.of(model)).getFirst().commit().file("pytorch_model.bin");
        assertThat(file.kind()).isEqualTo(FileKind.PLAIN);
        assertThat(file.object()).isEqualTo(file.sha256());
    }

    @Test
    void textThatShrinksIsARecordAndWhatDoesNotIsPlain() throws IOException {
        Commit commit = pack(Optional.empty(), List.of(model("m", 1))).getFirst().commit();
        assertThat(commit.file("docs/notes.txt").kind()).isEqualTo(FileKind.RECORD);
        assertThat(commit.file("docs/notes.txt").storedSize()).isLessThan(1000);
        assertThat(commit.file("config.json").kind()).isEqualTo(FileKind.PLAIN);
    }

    @Test
    void emptyFilesAreKept() throws IOException {
        Path model = Files.createDirectories(folder.resolve("models/empty"));
        Files.createFile(model.resolve("nothing"));
        Commit commit = pack(Optional.empty(), List.of(model)).getFirst().commit();
        assertThat(commit.file("nothing").size()).isZero();
        assertThat(commit.file("nothing").gitOid()).isEqualTo("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assertUnpacksTo(commit, model);
    }

    @Test
    void damagedWeightsStopThePackBeforeAnythingIsStored() throws IOException {
        Path good = model("good", 1);
        Path bad = model("bad", 2);
        byte[] bytes = Files.readAllBytes(bad.resolve("model.safetensors"));
        Files.write(bad.resolve("model.safetensors"), java.util.Arrays.copyOf(bytes, bytes.length - 3));
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(good, bad)))
                .isInstanceOfSatisfying(ContainerException.class, e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED_SCHEMA);
                    assertThat(e.container().orElseThrow()).endsWith("bad/model.safetensors");
                });
        assertThat(repositories.list()).isEmpty();
        assertThat(objects()).isEmpty();
    }

    @Test
    void failedPackTakesAwayWhatItHasAddedAndMovesNoBranch() throws IOException {
        Path a = model("a", 1);
        Commit before = pack(Optional.empty(), List.of(a)).getFirst().commit();
        List<Digest> objectsBefore = objects();
        Map<String, String> valuesBefore = values();
        Path b = model("b", 2);
        Files.writeString(a.resolve("config.json"), "{\"new\": true}");
        for (int allowed = 0;; allowed++) {
            FailingStore failing = new FailingStore(store, allowed);
            PackRequest request = new PackRequest(
                    List.of(folderOf(a), folderOf(b)), Optional.empty(), Optional.empty(), "me", 1);
            try {
                new Packer(failing).pack(request, PackListener.NONE);
                break;
            } catch (IOException e) {
                assertThat(e).hasMessage(FailingStore.MESSAGE);
            }
            assertThat(repositories.resolve(before.repo(), "main")).isEqualTo(before);
            assertThat(repositories.list()).containsExactly(before.repo());
            assertThat(objects()).as("after %s writes", allowed).isEqualTo(objectsBefore);
            assertThat(values()).isEqualTo(valuesBefore);
        }
        assertThat(verify()).isEmpty();
        assertThat(repositories.list()).hasSize(2);
    }

    @Test
    void manyMayPackIntoOneStoreAtOnce() throws Exception {
        List<Path> models = List.of(model("a", 1), model("b", 2), model("c", 3));
        List<Callable<List<PackedRepo>>> packs = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            // Every pack has two of the models, so that all race for the same objects, hints and branches.
            List<Path> some = List.of(models.get(i % 3), models.get((i + 1) % 3));
            packs.add(() -> {
                try (ObjectStore own = FolderObjectStore.open(folder.resolve("store"))) {
                    return new Packer(own).pack(request(Optional.empty(), some), PackListener.NONE);
                }
            });
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(packs.size())) {
            for (Future<List<PackedRepo>> pack : pool.invokeAll(packs)) {
                assertThat(pack.get()).hasSize(2);
            }
        }
        assertThat(verify()).isEmpty();
        for (Path model : models) {
            RepoId repo = folderOf(model).repo();
            Commit head = repositories.resolve(repo, "main");
            assertUnpacksTo(head, model);
            assertThat(repositories.history(head)).as("no commit without a change").hasSize(1);
        }
    }

    @Test
    void fileThatChangesWhileItIsPackedIsNoticed() throws IOException {
        Path model = model("m", 1);
        PackRequest request =
                new PackRequest(List.of(folderOf(model)), Optional.empty(), Optional.empty(), "me", 1);
        PackListener meddler = (task, bytes) -> {
            if (!task.equals("reading")) {
                try {
                    TestModels.write(model.resolve("model.safetensors"), 9, 9, WIDTH);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }
            return Progress.NONE;
        };
        assertThatThrownBy(() -> new Packer(store).pack(request, meddler)).isInstanceOf(FileChangedException.class);
        assertThat(repositories.list()).isEmpty();
        assertThat(objects()).isEmpty();
    }

    @Test
    void fileThatIsCutOffWhileItIsMappedEndsThePackCleanly() throws IOException {
        PackListener machine = (task, bytes) -> {
            if (!task.equals("reading")) {
                throw new InternalError("a fault occurred in a recent unsafe memory access operation");
            }
            return Progress.NONE;
        };
        PackRequest request = request(Optional.empty(), List.of(model("m", 1)));
        assertThatThrownBy(() -> new Packer(store).pack(request, machine))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cut off");
        assertThat(objects()).isEmpty();
        assertThat(folder.resolve("store/tmp")).isEmptyDirectory();
    }

    @Test
    void linksOutOfTheFolderAreRefused() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "key");
        Path model = model("m", 1);
        Files.createSymbolicLink(model.resolve("inside.json"), model.resolve("config.json"));
        Commit commit = pack(Optional.empty(), List.of(model)).getFirst().commit();
        assertThat(commit.file("inside.json").sha256()).isEqualTo(commit.file("config.json").sha256());
        Path link = Files.createSymbolicLink(model.resolve("docs/link"), secret);
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model)))
                .isInstanceOf(UnsafeFileException.class)
                .hasMessageContaining("docs/link")
                .hasMessageContaining("outside");
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("/etc"));
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model))).isInstanceOf(UnsafeFileException.class);
        Files.delete(link);
        Files.createSymbolicLink(link, model);
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model))).isInstanceOf(UnsafeFileException.class);
        Files.delete(link);
        Files.createSymbolicLink(link, Path.of("nowhere"));
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model)))
                .isInstanceOf(UnsafeFileException.class)
                .hasMessageContaining("link to nothing");
    }

    @Test
    void unsafeNamesAreRefused() throws IOException {
        Path model = model("m", 1);
        Files.writeString(model.resolve("a\nb"), "x");
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model)))
                .isInstanceOf(UnsafeFileException.class)
                .hasMessageContaining("a\\u000ab")
                .hasMessageContaining("control characters");
        Files.delete(model.resolve("a\nb"));
        Files.writeString(model.resolve("na\uFFFDve"), "x");
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(model)))
                .isInstanceOf(UnsafeFileException.class)
                .hasMessageContaining("locale");
    }

    @Test
    void folderOfFoldersIsExplained() throws IOException {
        model("a", 1);
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(folder.resolve("models"))))
                .isInstanceOf(NothingToPackException.class)
                .hasMessageContaining("models/*");
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(Files.createDirectory(folder.resolve("none")))))
                .isInstanceOf(NothingToPackException.class)
                .hasMessageContaining("no files");
        assertThatThrownBy(() -> pack(Optional.empty(), List.of(folder.resolve("missing"))))
                .isInstanceOf(NothingToPackException.class)
                .hasMessageContaining("there is no folder");
    }

    @Test
    void damagedHintIsNotTrusted() throws IOException {
        Path model = model("m", 1);
        Commit commit = pack(Optional.empty(), List.of(model)).getFirst().commit();
        CommitFile weights = commit.file("model.safetensors");
        Files.delete(store.localFile(weights.object()).orElseThrow());
        Commit other = pack(Optional.empty(), List.of(model("other", 1))).getFirst().commit();
        assertUnpacksTo(other, folder.resolve("models/other"));
    }

    @Test
    void verifierFindsEveryDamagedObject() throws IOException {
        Commit commit = pack(Optional.of(model("base", 0)), List.of(model("m", 1))).get(1).commit();
        for (CommitFile file : commit.files()) {
            Path object = store.localFile(file.object()).orElseThrow();
            byte[] bytes = Files.readAllBytes(object);
            byte[] damaged = bytes.clone();
            damaged[bytes.length / 2] ^= 4;
            Files.write(object, damaged);
            assertThat(verify()).isNotEmpty().allMatch(Verifier.Failure::isBadData);
            Files.delete(object);
            assertThat(verify()).isNotEmpty().allMatch(Verifier.Failure::isBadData);
            Files.write(object, bytes);
        }
        assertThat(verify()).isEmpty();
    }

    @Test
    void verifierFindsAnotherGitId() throws IOException {
        Commit commit = pack(Optional.empty(), List.of(model("m", 1))).getFirst().commit();
        CommitFile config = commit.file("config.json");
        CommitFile renamed = new CommitFile(
                config.path(), config.size(), config.sha256(), "0".repeat(40), config.kind(), config.object(),
                config.storedSize());
        try (StoreSession session = store.openSession()) {
            new CommitWriter(repositories, session)
                    .commit(new CommitWriter.Content(new RepoId("models", "other"), "f", "me", List.of(renamed)));
        }
        assertThat(verify()).singleElement().satisfies(failure -> {
            assertThat(failure.isBadData()).isTrue();
            assertThat(failure.failure()).hasMessageContaining("git_oid");
        });
    }

    private Path model(String name, long tune) throws IOException {
        return TestModels.model(folder.resolve("models").resolve(name), 42, tune, WIDTH);
    }

    private List<PackedRepo> pack(Optional<Path> base, List<Path> members) throws IOException {
        return new Packer(store).pack(request(base, members), PackListener.NONE);
    }

    private static PackRequest request(Optional<Path> base, List<Path> members) {
        return new PackRequest(
                members.stream().map(PackerTest::folderOf).toList(),
                base.map(PackerTest::folderOf),
                Optional.empty(),
                "me",
                2);
    }

    private static PackFolder folderOf(Path model) {
        return new PackFolder(new RepoId("models", model.getFileName().toString()), model, "models");
    }

    private List<Verifier.Failure> verify() throws IOException {
        return new Verifier(store).verify(repositories.list(), 2, PackListener.NONE).failures();
    }

    private List<Digest> objects() throws IOException {
        try (Stream<Digest> digests = store.list("")) {
            return digests.toList();
        }
    }

    private Map<String, String> values() throws IOException {
        Map<String, String> values = new TreeMap<>();
        for (String prefix : List.of("refs/", "files/")) {
            for (String key : store.keys(prefix)) {
                values.put(key, store.value(key).orElseThrow());
            }
        }
        return values;
    }

    /** Unpacks, compares every file, and reads each in odd ranges through the decoder. */
    private void assertUnpacksTo(Commit commit, Path expected) throws IOException {
        Path to = Files.createTempDirectory(folder, "unpacked");
        new Unpacker(store).unpack(commit, Unpacker.View.STORED, to, Unpacker.Overwrite.REFUSE, 2, Progress.NONE);
        List<String> paths = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(expected)) {
            walk.filter(Files::isRegularFile).forEach(file -> paths.add(expected.relativize(file).toString()));
        }
        assertThat(commit.files()).extracting(CommitFile::path).containsExactlyInAnyOrderElementsOf(paths);
        for (String path : paths) {
            byte[] bytes = Files.readAllBytes(expected.resolve(path));
            assertThat(to.resolve(path)).as(path).hasBinaryContent(bytes);
            try (DecodedFile file = new StoredFiles(store).open(commit.file(path))) {
                int from = bytes.length / 3;
                byte[] part = new byte[bytes.length / 2];
                file.read(from, MemorySegment.ofArray(part));
                assertThat(part).isEqualTo(java.util.Arrays.copyOfRange(bytes, from, from + part.length));
            }
        }
    }
}
