package io.weightspan.server.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.CommitEdit;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.Fingerprint;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoSettings;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.Stores;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuotasTest {

    private static final RepoId MODEL = RepoId.of("ann/model");
    private static final RepoId OTHER = RepoId.of("ann/other");

    @TempDir
    private Path folder;

    private final AtomicLong clock = new AtomicLong();
    private ObjectStore store;
    private Repositories repositories;
    private RepositoryEditor editor;
    private Quotas quotas;

    @BeforeEach
    void open() throws IOException {
        store = Stores.openOrCreate(folder.resolve("store").toString());
        repositories = new Repositories(store);
        editor = new RepositoryEditor(repositories);
        quotas = new Quotas(repositories, clock::get);
        editor.create(MODEL, RepoSettings.DEFAULT, "ann");
        editor.create(OTHER, RepoSettings.DEFAULT, "ann");
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    private static byte[] bytes(int size, int value) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static Digest digest(byte[] bytes) {
        return Digest.sha256(MemorySegment.ofArray(bytes));
    }

    private void limit(long bytes) throws IOException {
        quotas.set(Optional.of("ann"), Optional.of(new Quota(bytes)));
    }

    private void take(RepoId repo, byte[] file) throws IOException {
        quotas.take(repo, digest(file), file.length);
    }

    private void commit(RepoId repo, String path, byte[] file) throws IOException {
        try (StoreSession session = store.openSession()) {
            Fingerprint sent = new Uploads(repositories)
                    .receive(session, new ByteArrayInputStream(file), file.length, digest(file));
            List<CommitEdit.Change> changes = List.of(new CommitEdit.Put(Uploads.plain(path, sent)));
            editor.commit(session, new CommitEdit(repo, "main", "ann", "m", Optional.empty(), changes), "");
        }
    }

    private void send(byte[] file, boolean forGit) throws IOException {
        Uploads uploads = new Uploads(repositories);
        try (StoreSession session = store.openSession()) {
            uploads.note(MODEL, uploads.receive(session, new ByteArrayInputStream(file), file.length, digest(file)),
                    forGit);
        }
    }

    private void letPass(Duration time) {
        clock.addAndGet(time.toNanos());
    }

    @Test
    void countsEachFileOfAllCommitsOnceForTheWholeNamespace() throws IOException {
        commit(MODEL, "a", bytes(100, 1));
        commit(MODEL, "a", bytes(30, 2)); // the first is history
        commit(OTHER, "b", bytes(100, 1));
        commit(OTHER, "c", bytes(7, 3));
        assertThat(quotas.used("ann")).isEqualTo(137);
        assertThat(quotas.used("nobody")).isZero();
    }

    @Test
    void countsWhatWasSentAndNotCommittedOnce() throws IOException {
        send(bytes(10, 1), false);
        send(bytes(20, 2), true);
        send(bytes(20, 2), false);
        commit(MODEL, "a", bytes(10, 1));
        assertThat(quotas.used("ann")).isEqualTo(30);
    }

    @Test
    void takesUpToTheLastByte() throws IOException {
        limit(100);
        take(MODEL, bytes(60, 1));
        take(OTHER, bytes(40, 2));
        assertThatThrownBy(() -> take(MODEL, bytes(1, 3)))
                .isInstanceOf(QuotaExceededException.class)
                .hasMessage("the storage of 'ann' is full: it holds 100 B of the 100 B that it may, and 1 B more do not"
                        + " fit; delete what is not needed or ask who runs this server for more");
        assertThatThrownBy(() -> quotas.requireRoom(MODEL, 1)).isInstanceOf(QuotaExceededException.class);
        // What is there needs no room, and neither do no bytes.
        take(OTHER, bytes(60, 1));
        take(OTHER, bytes(0, 0));
        // Others have quotas of their own.
        take(RepoId.of("bob/model"), bytes(1000, 9));
    }

    @Test
    void forgetsWhatWasTakenAndNeverCame() throws IOException {
        limit(100);
        take(MODEL, bytes(60, 1));
        assertThatThrownBy(() -> take(MODEL, bytes(50, 2))).isInstanceOf(QuotaExceededException.class);
        letPass(Duration.ofMillis(1100));
        take(MODEL, bytes(50, 2));
    }

    @Test
    void seesWhatOthersAddedAndDeleted() throws IOException {
        limit(100);
        take(MODEL, bytes(10, 1));
        commit(OTHER, "b", bytes(90, 2)); // as another server would
        letPass(Duration.ofSeconds(11));
        take(MODEL, bytes(10, 1));
        assertThatThrownBy(() -> take(MODEL, bytes(1, 3))).isInstanceOf(QuotaExceededException.class);
        editor.delete(OTHER);
        letPass(Duration.ofSeconds(2));
        quotas.requireRoom(MODEL, 1);
        take(MODEL, bytes(90, 4));
    }

    @Test
    void refusesMoreWhereALoweredQuotaIsExceededAlready() throws IOException {
        commit(MODEL, "a", bytes(100, 1));
        limit(40);
        take(MODEL, bytes(100, 1));
        assertThatThrownBy(() -> take(MODEL, bytes(1, 2))).isInstanceOf(QuotaExceededException.class);
    }

    @Test
    void goesByTheDefaultWhereThereIsNoQuotaOfItsOwn() throws IOException {
        assertThat(quotas.set(Optional.empty(), Optional.of(new Quota(5)))).isFalse();
        assertThatThrownBy(() -> take(MODEL, bytes(6, 1))).isInstanceOf(QuotaExceededException.class);
        quotas.set(Optional.of("ann"), Optional.of(Quota.UNLIMITED));
        take(MODEL, bytes(6, 1));
        assertThat(quotas.set(Optional.of("ann"), Optional.empty())).isTrue();
        assertThatThrownBy(() -> take(MODEL, bytes(7, 2))).isInstanceOf(QuotaExceededException.class);
        assertThat(quotas.set(Optional.empty(), Optional.empty())).isTrue();
        assertThatCode(() -> take(MODEL, bytes(7, 2))).doesNotThrowAnyException();
    }

    @Test
    void keepsQuotasAsTheLayoutSays() throws IOException {
        limit(500);
        quotas.set(Optional.of("bob"), Optional.of(Quota.UNLIMITED));
        quotas.set(Optional.empty(), Optional.of(new Quota(0)));
        assertThat(store.value("quotas/namespaces/ann")).hasValue("500\n");
        assertThat(store.value("quotas/namespaces/bob")).hasValue("unlimited\n");
        assertThat(store.value("quotas/default")).hasValue("0\n");
        assertThat(quotas.list()).containsExactly(Map.entry("ann", new Quota(500)), Map.entry("bob", Quota.UNLIMITED));
        assertThat(quotas.byDefault()).isEqualTo(new Quota(0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "-1\n", "1e3\n", "01\n", "1 \n", "9999999999999999999\n", "no limit\n"})
    void refusesAValueThatIsNone(String text) throws IOException {
        store.compareAndSet("quotas/namespaces/ann", null, text);
        assertThatThrownBy(() -> take(MODEL, bytes(1, 1)))
                .isInstanceOf(CorruptStoreException.class)
                .hasMessageContaining("quotas/namespaces/ann");
        limit(1);
        take(MODEL, bytes(1, 1));
    }

    @Test
    void refusesANameThatIsNone() {
        assertThatThrownBy(() -> quotas.set(Optional.of("../x"), Optional.empty()))
                .isInstanceOf(InvalidNameException.class);
    }
}
