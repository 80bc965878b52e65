package io.weightspan.server.repo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RepositoriesTest {

    private static final RepoId REPO = RepoId.of("acme/bert");
    private static final String GIT_OID = "a".repeat(40);

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
    void emptyStoreHasNoRepositories() throws IOException {
        assertThat(repositories.list()).isEmpty();
        assertThat(repositories.exists(REPO)).isFalse();
        assertThat(repositories.head(REPO, "main")).isEmpty();
        assertThatThrownBy(() -> repositories.resolve(REPO, "main"))
                .isInstanceOfSatisfying(RepoNotFoundException.class, e -> assertThat(e.repo()).isEqualTo("acme/bert"));
        assertThatThrownBy(() -> repositories.refs(REPO)).isInstanceOf(RepoNotFoundException.class);
    }

    @Test
    void commitComesBackAsItWasWritten() throws IOException {
        CommitFile record = new CommitFile(
                "d e/ü.safetensors", 1L << 40, sha256("file"), GIT_OID, FileKind.RECORD, sha256("object"), 77);
        CommitFile plain = new CommitFile("README.md", 4, sha256("text"), GIT_OID, FileKind.PLAIN, sha256("text"), 4);
        Commit first = commit(REPO, Optional.empty(), List.of(record, plain));
        point("refs/acme/bert/heads/main", first);
        Commit read = new Repositories(store).resolve(REPO, "main");
        assertThat(read).isEqualTo(first);
        assertThat(read.files()).containsExactly(plain, record);
        assertThat(read.id()).hasSize(40).isEqualTo(first.object().hex().substring(0, 40));
        assertThat(read.size()).isEqualTo((1L << 40) + 4);
        assertThat(read.storedSize()).isEqualTo(81);
        assertThat(read.file("README.md")).isEqualTo(plain);
        assertThatThrownBy(() -> read.file("nothing"))
                .isInstanceOfSatisfying(EntryNotFoundException.class, e -> {
                    assertThat(e.commit()).isEqualTo(read);
                    assertThat(e.path()).isEqualTo("nothing");
                });
    }

    @Test
    void resolvesBranchesTagsAndCommits() throws IOException {
        Commit first = commit(REPO, Optional.empty(), List.of());
        Commit second = commit(REPO, Optional.of(first.object()), List.of());
        point("refs/acme/bert/heads/main", second);
        point("refs/acme/bert/heads/feat%2Fx", first);
        point("refs/acme/bert/tags/v1", first);
        assertThat(repositories.resolve(REPO, "main")).isEqualTo(second);
        assertThat(repositories.resolve(REPO, "feat/x")).isEqualTo(first);
        assertThat(repositories.resolve(REPO, "v1")).isEqualTo(first);
        assertThat(repositories.resolve(REPO, "refs/heads/main")).isEqualTo(second);
        assertThat(repositories.resolve(REPO, "refs/tags/v1")).isEqualTo(first);
        assertThat(repositories.resolve(REPO, first.id())).isEqualTo(first);
        assertThat(repositories.resolve(REPO, first.object().hex())).isEqualTo(first);
        assertThat(repositories.resolve(REPO, first.id().substring(0, 7))).isEqualTo(first);
        for (String missing : List.of("v2", "refs/tags/v2", "0".repeat(40), first.id().substring(0, 6), "", "..")) {
            assertThatThrownBy(() -> repositories.resolve(REPO, missing))
                    .isInstanceOfSatisfying(
                            RevisionNotFoundException.class, e -> assertThat(e.revision()).isEqualTo(missing));
        }
        assertThat(repositories.history(second)).containsExactly(second, first);
        assertThat(repositories.reachable(REPO)).containsExactlyInAnyOrder(first, second);
        Refs refs = repositories.refs(REPO);
        assertThat(refs.branches()).containsOnlyKeys("feat/x", "main").containsEntry("main", second.id());
        assertThat(refs.tags()).containsExactlyEntriesOf(java.util.Map.of("v1", first.id()));
    }

    @Test
    void commitThatNoRefReachesIsNotFound() throws IOException {
        Commit main = commit(REPO, Optional.empty(), List.of());
        Commit lost = commit(REPO, Optional.of(main.object()), List.of());
        point("refs/acme/bert/heads/main", main);
        assertThatThrownBy(() -> repositories.resolve(REPO, lost.id())).isInstanceOf(RevisionNotFoundException.class);
    }

    @Test
    void listsRepositoriesWithABranchStRef001() throws IOException {
        for (String name : List.of("b/x", "a/y", "a/x")) {
            RepoId repo = RepoId.of(name);
            point("refs/" + name + "/heads/main", commit(repo, Optional.empty(), List.of()));
        }
        point("refs/c/tagged/tags/v1", commit(RepoId.of("c/tagged"), Optional.empty(), List.of()));
        assertThat(repositories.list())
                .containsExactly(RepoId.of("a/x"), RepoId.of("a/y"), RepoId.of("b/x"));
    }

    @Test
    void commitOfAnotherRepositoryIsRefusedStCom004() throws IOException {
        point("refs/acme/bert/heads/main", commit(RepoId.of("acme/other"), Optional.empty(), List.of()));
        assertThatThrownBy(() -> repositories.resolve(REPO, "main"))
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("acme/other");
    }

    @Test
    void damagedCommitIsRefused() throws IOException {
        Commit commit = commit(REPO, Optional.empty(), List.of());
        point("refs/acme/bert/heads/main", commit);
        Path file = store.localFile(commit.object()).orElseThrow();
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < bytes.length; i++) {
            byte[] damaged = bytes.clone();
            damaged[i] ^= 1;
            Files.write(file, damaged);
            assertThatThrownBy(() -> new Repositories(store).resolve(REPO, "main"))
                    .isInstanceOf(CorruptStoreException.class)
                    .hasMessageContaining("SHA-256");
        }
        Files.delete(file);
        assertThatThrownBy(() -> new Repositories(store).resolve(REPO, "main"))
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void damagedRefIsRefused() throws IOException {
        store.compareAndSet("refs/acme/bert/heads/main", null, "not a digest");
        assertThatThrownBy(() -> repositories.resolve(REPO, "main"))
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("refs/acme/bert/heads/main");
        store.compareAndSet("refs/short", null, "x");
        assertThatThrownBy(() -> repositories.list()).isInstanceOf(CorruptStoreException.class);
    }

    @Test
    void commitFilesAreCheckedStCom001() {
        Digest a = sha256("a");
        Digest b = sha256("b");
        assertThatThrownBy(() -> new CommitFile("../a", 1, a, GIT_OID, FileKind.PLAIN, a, 1))
                .isInstanceOf(InvalidNameException.class);
        assertThatThrownBy(() -> new CommitFile("a", -1, a, GIT_OID, FileKind.RECORD, b, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CommitFile("a", 1, a, "xyz", FileKind.PLAIN, a, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new CommitFile("a", 1, a, GIT_OID, FileKind.PLAIN, b, 1))
                .as("ST-COM-002")
                .isInstanceOf(IllegalArgumentException.class);
        CommitFile file = new CommitFile("a", 1, a, GIT_OID, FileKind.PLAIN, a, 1);
        CommitFile below = new CommitFile("a/b", 1, a, GIT_OID, FileKind.PLAIN, a, 1);
        assertThatThrownBy(() -> Commit.inOrder(List.of(file, file))).hasMessageContaining("twice");
        assertThatThrownBy(() -> Commit.inOrder(List.of(below, file))).hasMessageContaining("a file and a folder");
    }

    @Test
    void otherObjectsAreNotCommits() {
        assertThatThrownBy(() -> CommitCodec.decode(sha256("x"), "hello, world".getBytes(UTF_8)))
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("not a commit");
        byte[] draft = CommitCodec.encode(draft(REPO, Optional.empty(), List.of()));
        byte[] longer = java.util.Arrays.copyOf(draft, draft.length + 1);
        assertThatThrownBy(() -> CommitCodec.decode(sha256("x"), longer)).isInstanceOf(CorruptStoreException.class);
    }

    private Commit commit(RepoId repo, Optional<Digest> parent, List<CommitFile> files) throws IOException {
        byte[] bytes = CommitCodec.encode(draft(repo, parent, files));
        try (StoreSession session = store.openSession()) {
            return CommitCodec.decode(session.put(bytes).digest(), bytes);
        }
    }

    private static CommitCodec.Draft draft(RepoId repo, Optional<Digest> parent, List<CommitFile> files) {
        Instant time = Instant.parse("2026-11-22T16:00:00.123Z");
        return new CommitCodec.Draft(repo, parent, "me", "why", time, "acme", files);
    }

    private void point(String key, Commit commit) throws IOException {
        assertThat(store.compareAndSet(key, null, Repositories.refText(commit.object()))).isTrue();
    }

    private static Digest sha256(String text) {
        return Digest.ofBytes(Digest.newHash().digest(text.getBytes(UTF_8)));
    }
}
