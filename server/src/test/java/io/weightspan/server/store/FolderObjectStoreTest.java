package io.weightspan.server.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract on a folder, and checks what only a folder has (store-layout.md, section 4). */
class FolderObjectStoreTest extends AbstractObjectStoreContract {

    @TempDir
    Path folder;

    @Override
    protected ObjectStore connect() throws IOException {
        return FolderObjectStore.openOrCreate(folder.resolve("store"));
    }

    @Override
    protected boolean hasLocalFiles() {
        return true;
    }

    @Override
    protected boolean canClean() {
        return true;
    }

    @Test
    void folderWithoutMarkerIsRefusedStFld001() throws IOException {
        assertThatThrownBy(() -> FolderObjectStore.open(folder.resolve("nowhere")))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("there is no store");
        assertThatThrownBy(() -> FolderObjectStore.open(Files.createDirectory(folder.resolve("plain"))))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("is not a store");
        Path used = Files.createDirectory(folder.resolve("used"));
        Files.writeString(used.resolve("thesis.txt"), "mine");
        assertThatThrownBy(() -> FolderObjectStore.openOrCreate(used))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("not empty");
        assertThat(used.resolve("thesis.txt")).hasContent("mine");
    }

    @Test
    void markerOfAnotherVersionIsRefusedStFld001() throws IOException {
        Path marker = Files.writeString(folder.resolve("weightspan-store"), "weightspan-store 2\n");
        assertThatThrownBy(() -> FolderObjectStore.open(folder))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("newer");
        assertThatThrownBy(() -> FolderObjectStore.openOrCreate(folder)).isInstanceOf(NotAStoreException.class);
        assertThat(marker).hasContent("weightspan-store 2\n");
    }

    @Test
    void storeThatWasKilledWhileItWasMadeIsMadeAgain() throws IOException {
        Path half = Files.createDirectory(folder.resolve("half"));
        Files.writeString(half.resolve("weightspan-store.1234"), "weights");
        FolderObjectStore.openOrCreate(half).close();
        assertThat(half.resolve("weightspan-store")).hasContent("weightspan-store 1\n");
    }

    @Test
    void openingWritesNothing() throws IOException {
        connect().close();
        Path store = folder.resolve("store");
        FolderObjectStore.open(store).close();
        try (Stream<Path> files = Files.walk(store)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactly(store.resolve("weightspan-store"));
        }
    }

    @Test
    void objectsAndValuesAreWhereTheLayoutSays() throws IOException {
        try (ObjectStore store = connect()) {
            Digest digest;
            try (StoreSession session = store.openSession()) {
                digest = session.put("x".getBytes(UTF_8)).digest();
            }
            String hex = digest.hex();
            store.compareAndSet("refs/a/b/heads/main", null, "text\n");
            Path root = folder.resolve("store");
            assertThat(root.resolve("objects/" + hex.substring(0, 2) + "/" + hex.substring(2))).hasContent("x");
            assertThat(root.resolve("refs/a/b/heads/main")).hasContent("text\n");
            assertThat(root.resolve("tmp")).isEmptyDirectory();
        }
    }

    @Test
    void scratchOfAGoneProcessIsSweptAndThatOfALivingOneIsNotStFld005() throws IOException {
        try (ObjectStore store = connect();
                StoreSession living = store.openSession()) {
            Path livingFile = Files.writeString(living.newFile(), "in use");
            Path tmp = folder.resolve("store/tmp");
            Path gone = Files.createDirectories(tmp.resolve("gone/deeper"));
            Files.writeString(gone.resolve("file"), "stale");
            Files.createFile(tmp.resolve("gone.lock"));
            store.openSession().close();
            assertThat(tmp.resolve("gone")).doesNotExist();
            assertThat(tmp.resolve("gone.lock")).doesNotExist();
            assertThat(livingFile).hasContent("in use");
        }
    }

    /** A server that was killed in the middle of many uploads, and is asked for many at once when it is back. */
    @Test
    void sessionsThatBeginTogetherSweepTogether() throws Exception {
        try (ObjectStore store = FolderObjectStore.openOrCreate(folder.resolve("store"))) {
            Path tmp = folder.resolve("store/tmp");
            for (int i = 0; i < 200; i++) {
                Files.createDirectories(tmp.resolve("gone-" + i));
                Files.createFile(tmp.resolve("gone-" + i + ".lock"));
            }
            List<Callable<Void>> sessions = Collections.nCopies(16, () -> {
                store.openSession().close();
                return null;
            });
            try (ExecutorService threads = Executors.newFixedThreadPool(sessions.size())) {
                for (Future<Void> session : threads.invokeAll(sessions)) {
                    session.get();
                }
            }
            assertThat(tmp).isEmptyDirectory();
        }
    }

    @Test
    void scratchThatAnotherProcessHasLockedStays() throws Exception {
        try (ObjectStore store = connect()) {
            store.openSession().close();
            Path tmp = folder.resolve("store/tmp");
            Path other = Files.createDirectory(tmp.resolve("other"));
            Path lock = Files.createFile(tmp.resolve("other.lock"));
            Process holder = new ProcessBuilder(
                    ProcessHandle.current().info().command().orElseThrow(),
                    "-cp",
                    System.getProperty("java.class.path"),
                    LockHolder.class.getName(),
                    lock.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                assertThat(holder.inputReader(UTF_8).readLine()).isEqualTo("held");
                store.openSession().close();
                assertThat(other).exists();
            } finally {
                holder.outputWriter(UTF_8).close();
                holder.waitFor();
            }
            store.openSession().close();
            assertThat(other).doesNotExist();
        }
    }

    @Test
    void objectCutShortByABadDiskIsPutRight() throws IOException {
        try (ObjectStore store = connect();
                StoreSession session = store.openSession()) {
            Digest digest = session.put("whole".getBytes(UTF_8)).digest();
            Path file = store.localFile(digest).orElseThrow();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(2);
            }
            session.put("whole".getBytes(UTF_8));
            assertThat(file).hasContent("whole");
        }
    }

    @Test
    void strayFilesAreNoObjects() throws IOException {
        try (ObjectStore store = connect()) {
            Path objects = Files.createDirectories(folder.resolve("store/objects/ab"));
            Files.writeString(objects.resolve("notes.txt"), "?");
            Files.writeString(objects.resolve("../README"), "?");
            try (Stream<Digest> digests = store.list("")) {
                assertThat(digests).isEmpty();
            }
        }
    }

    @Test
    void storesOfUnknownKindsAreRefusedInWords() {
        for (String location : List.of("ftp://host/store", "file:///store", "S3://bucket/prefix")) {
            assertThatThrownBy(() -> Stores.openOrCreate(location))
                    .isInstanceOf(NotAStoreException.class)
                    .hasMessageContaining("name a folder or s3://");
        }
    }
}
