package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.server.repo.LateEncoder.Outcome;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that were committed as they came and are encoded later: the same commits and bytes, fewer of them stored. */
class LateEncoderTest {

    private static final String WEIGHTS = "model.safetensors";

    @TempDir
    private Path folder;

    private ObjectStore store;
    private GcStores stores;
    private Repositories repositories;
    private LateEncoder encoder;
    private PendingFiles pending;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        stores = new GcStores(store);
        repositories = new Repositories(store);
        encoder = new LateEncoder(repositories);
        pending = new PendingFiles(store, InstantSource.system());
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void aCommitStaysAsItWasAndTakesLess() throws IOException {
        byte[] first = weights(1);
        byte[] second = weights(2);
        Commit one = upload("a/one", RepoSettings.DEFAULT, WEIGHTS, first);
        Commit two = upload("a/two", RepoSettings.DEFAULT, WEIGHTS, second);
        assertThat(pending.list()).containsExactlyInAnyOrder(sha256(first), sha256(second));
        long before = stores.bytes();

        assertThat(encode("a/one", first)).isEqualTo(Outcome.ENCODED);
        assertThat(encode("a/two", second)).isEqualTo(Outcome.ENCODED);
        assertThat(encode("a/two", second)).isEqualTo(Outcome.ENCODED_BEFORE);
        stores.gcTwice();
        assertThat(store.exists(sha256(first))).isFalse();
        assertThat(stores.bytes()).isLessThan(before);
        assertThat(stores.failures()).isEmpty();

        Repositories fresh = new Repositories(store);
        assertThat(fresh.head(two.repo()).id()).isEqualTo(two.id());
        CommitFile file = fresh.head(two.repo()).file(WEIGHTS);
        assertThat(file.kind()).isEqualTo(FileKind.RECORD);
        assertThat(file.sha256()).isEqualTo(sha256(second));
        assertThat(bytes(file)).isEqualTo(second);
        // The second is a difference from the first.
        assertThat(dependencies(file)).containsExactly(fresh.head(one.repo()).file(WEIGHTS).object());
    }

    @Test
    void aFileThatIsSentAgainIsTheOneThatIsThere() throws IOException {
        byte[] data = weights(1);
        Commit commit = upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data);
        encode("a/one", data);
        stores.gcTwice();
        repositories = new Repositories(store);
        assertThat(upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data)).isEqualTo(repositories.head(commit.repo()));
        Commit copy = upload("a/copy", RepoSettings.DEFAULT, "other.safetensors", data);
        assertThat(repositories.load(copy.repo(), copy.object()).file("other.safetensors").kind())
                .isEqualTo(FileKind.RECORD);
        stores.gcTwice();
        assertThat(store.exists(sha256(data))).isFalse();
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void aFileIsPlainAgainOnceItsRecordWasDeleted() throws IOException {
        byte[] data = weights(1);
        Commit commit = upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data);
        encode("a/one", data);
        CommitFile record = new Repositories(store).head(commit.repo()).file(WEIGHTS);
        stores.deleteRepo(commit.repo());
        stores.gcTwice();
        assertThat(store.keys("encoded/")).isEmpty();
        // A collection may have been killed before it took this back, which whoever commits the file does.
        repositories.encodings().set(record);
        repositories = new Repositories(store);
        Commit again = upload("b/one", RepoSettings.DEFAULT, WEIGHTS, data);
        assertThat(new Repositories(store).head(again.repo()).file(WEIGHTS).kind()).isEqualTo(FileKind.PLAIN);
        assertThat(stores.failures()).isEmpty();
    }

    @Test
    void whatIsPrivateHelpsNobodyElse() throws IOException {
        byte[] secret = weights(1);
        byte[] open = weights(2);
        RepoSettings hidden = RepoSettings.DEFAULT.withPrivate(true);
        upload("a/secret", hidden, WEIGHTS, secret);
        upload("a/open", RepoSettings.DEFAULT, WEIGHTS, open);
        encode("a/secret", secret);
        encode("a/open", open);
        assertThat(dependencies(head("a/open").file(WEIGHTS))).isEmpty();
        // Its own history isn't used either: another repository may have the same file. What all may read is.
        byte[] next = weights(3);
        upload("a/secret", hidden, WEIGHTS, next);
        encode("a/secret", next);
        assertThat(dependencies(head("a/secret").file(WEIGHTS)))
                .containsExactly(head("a/open").file(WEIGHTS).object());
    }

    @Test
    void aFileWaitsForWhatItStartedFrom() throws IOException {
        byte[] base = weights(0);
        byte[] tuned = weights(1);
        upload("a/base", RepoSettings.DEFAULT, WEIGHTS, base);
        String card = "---\nlicense: mit\nbase_model:\n  - \"a/base\"\n---\n# Tuned\n";
        upload("a/tuned", RepoSettings.DEFAULT, "README.md", card.getBytes(StandardCharsets.UTF_8));
        upload("a/tuned", RepoSettings.DEFAULT, WEIGHTS, tuned);
        assertThat(encode("a/tuned", tuned)).isEqualTo(Outcome.TOO_EARLY);
        assertThat(encode("a/base", base)).isEqualTo(Outcome.ENCODED);
        assertThat(encode("a/tuned", tuned)).isEqualTo(Outcome.ENCODED);
        assertThat(dependencies(head("a/tuned").file(WEIGHTS)))
                .containsExactly(head("a/base").file(WEIGHTS).object());
    }

    @Test
    void leavesWhatItCannotMakeSmaller() throws IOException {
        byte[] noWeights = new byte[10_000];
        new Random(3).nextBytes(noWeights);
        upload("a/none", RepoSettings.DEFAULT, WEIGHTS, noWeights);
        assertThat(encode("a/none", noWeights)).isEqualTo(Outcome.NO_WEIGHTS);
        String json = "{\"noise\":{\"dtype\":\"U8\",\"shape\":[8000],\"data_offsets\":[0,8000]}}  ";
        byte[] noise = new byte[8 + json.length() + 8000];
        new Random(4).nextBytes(noise);
        System.arraycopy(new byte[] {(byte) json.length(), 0, 0, 0, 0, 0, 0, 0}, 0, noise, 0, 8);
        System.arraycopy(json.getBytes(StandardCharsets.UTF_8), 0, noise, 8, json.length());
        upload("a/noise", RepoSettings.DEFAULT, WEIGHTS, noise);
        assertThat(encode("a/noise", noise)).isEqualTo(Outcome.HARDLY_SMALLER);
        assertThat(encode("a/nobody", noise)).isEqualTo(Outcome.GONE);
        assertThat(bytes(head("a/noise").file(WEIGHTS))).isEqualTo(noise);
    }

    @Test
    void twoThatEncodeTheSameFileAgree() throws Exception {
        byte[] data = weights(1);
        upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data);
        List<Outcome> outcomes = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Callable<Outcome> work = () -> new LateEncoder(new Repositories(store))
                    .encode(repo("a/one"), sha256(data), false, PackListener.NONE);
            List<Future<Outcome>> both = threads.invokeAll(List.of(work, work));
            for (Future<Outcome> one : both) {
                outcomes.add(one.get());
            }
        }
        assertThat(outcomes).containsExactlyInAnyOrder(Outcome.ENCODED, Outcome.ENCODED_BEFORE);
        stores.gcTwice();
        assertThat(stores.failures()).isEmpty();
        assertThat(bytes(head("a/one").file(WEIGHTS))).isEqualTo(data);
    }

    @Test
    void encodesFromAStoreWithoutLocalFiles() throws IOException {
        ObjectStore remote = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> method.getName().equals("localFile")
                        ? Optional.empty()
                        : method.invoke(store, arguments));
        byte[] data = weights(1);
        upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data);
        assertThat(new LateEncoder(new Repositories(remote)).encode(
                repo("a/one"), sha256(data), true, PackListener.NONE)).isEqualTo(Outcome.ENCODED);
        assertThat(bytes(head("a/one").file(WEIGHTS))).isEqualTo(data);
    }

    @Test
    void namesAValueThatIsDamaged() throws IOException {
        byte[] data = weights(1);
        Commit commit = upload("a/one", RepoSettings.DEFAULT, WEIGHTS, data);
        String hex = sha256(data).hex();
        String key = "encoded/" + hex.substring(0, 2) + "/" + hex.substring(2);
        for (String text : List.of("", "*\n", "AAAA\n", "CgRmaWxl\n")) {
            store.compareAndSet(key, store.value(key).orElse(null), text);
            assertThatThrownBy(() -> new Repositories(store).load(commit.repo(), commit.object()))
                    .as(text)
                    .isInstanceOf(CorruptStoreException.class)
                    .hasMessageContaining(key);
        }
    }

    private Outcome encode(String repo, byte[] data) throws IOException {
        Outcome outcome = encoder.encode(repo(repo), sha256(data), true, PackListener.NONE);
        if (outcome != Outcome.TOO_EARLY) {
            Optional<PendingFiles.Taken> taken = pending.take(sha256(data), Duration.ZERO);
            if (taken.isPresent()) {
                pending.done(taken.get());
            }
        }
        return outcome;
    }

    private Commit upload(String name, RepoSettings settings, String path, byte[] data) throws IOException {
        RepoId repo = repo(name);
        RepositoryEditor editor = new RepositoryEditor(repositories);
        if (!repositories.exists(repo)) {
            editor.create(repo, settings, "me");
        }
        Path file = Files.write(folder.resolve("sent"), data);
        try (StoreSession session = store.openSession();
                InputStream in = Files.newInputStream(file)) {
            Fingerprint sent = new Uploads(repositories).receive(session, in, data.length, sha256(data));
            CommitEdit.Change change = new CommitEdit.Put(Uploads.plain(path, sent));
            return editor.commit(
                    session, new CommitEdit(repo, "main", "me", "upload", Optional.empty(), List.of(change)), "");
        }
    }

    private byte[] weights(long tune) throws IOException {
        Path file = folder.resolve("weights").resolve(WEIGHTS);
        TestModels.write(file, 42, tune, 96);
        return Files.readAllBytes(file);
    }

    /** What is stored now, seen without what others remember. */
    private Commit head(String name) throws IOException {
        return new Repositories(store).head(repo(name));
    }

    private Set<Digest> dependencies(CommitFile file) throws IOException {
        return new StoredFiles(store).dependencies(file).stream()
                .map(StoredFiles.StoredDependency::object)
                .collect(Collectors.toSet());
    }

    private byte[] bytes(CommitFile file) throws IOException {
        try (DecodedFile open = new StoredFiles(store).open(file, Verification.FULL)) {
            MemorySegment bytes = MemorySegment.ofArray(new byte[(int) file.size()]);
            open.read(0, bytes);
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static Digest sha256(byte[] data) {
        return Digest.sha256(MemorySegment.ofArray(data));
    }

    private static RepoId repo(String name) {
        return RepoId.of(name);
    }
}
