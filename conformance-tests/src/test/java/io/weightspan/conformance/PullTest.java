package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.client.cache.PartialObject;
import io.weightspan.client.hub.FetchListener;
import io.weightspan.client.hub.FetchResult;
import io.weightspan.client.hub.HubClient;
import io.weightspan.client.hub.HubException;
import io.weightspan.client.hub.HubOptions;
import io.weightspan.client.hub.Manifest;
import io.weightspan.client.hub.RepoName;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Our own client against our own server, with some of the bundled family: what is pulled is what was packed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PullTest {

    private static final Path FAMILY = Path.of("..", "demo", "vit-fmnist").toAbsolutePath().normalize();
    private static final List<String> MEMBERS = List.of("full-000", "full-001", "lora-000");
    private static final String BASE = "base-bf16";
    private static final String WEIGHTS = "model.safetensors";

    private Path shared;
    private ObjectStore store;
    private StoreServer server;

    @TempDir
    private Path folder;

    @BeforeAll
    void packAndServe(@TempDir Path sharedFolder) throws IOException {
        shared = sharedFolder;
        store = Stores.openOrCreate(shared.resolve("store").toString());
        PackRequest request = new PackRequest(
                MEMBERS.stream().map(PullTest::member).toList(),
                Optional.of(member(BASE)),
                Optional.empty(),
                "test",
                1);
        new Packer(store).pack(request, (task, bytes) -> done -> {});
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        server = StoreServer.start(store, anyPort, HttpLimits.DEFAULT, 16 << 20);
    }

    @AfterAll
    void stop() throws IOException {
        try (ObjectStore _ = store) {
            server.close();
        }
    }

    @Test
    void everyRepoComesBackByteForByte() throws IOException {
        for (String member : Stream.concat(Stream.of(BASE), MEMBERS.stream()).toList()) {
            Path to = folder.resolve(member);
            try (HubClient hub = open()) {
                FetchResult result = hub.fetch(hub.resolve(name(member)), to, false, FetchListener.NONE);
                assertThat(result.downloadedBytes()).isLessThan(result.bytes());
            }
            try (Stream<Path> originals = Files.list(FAMILY.resolve(member))) {
                for (Path original : originals.toList()) {
                    Path copy = to.resolve(String.valueOf(original.getFileName()));
                    assertThat(Files.mismatch(original, copy)).as(copy.toString()).isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void theBaseIsDownloadedOnce() throws IOException {
        try (HubClient hub = open()) {
            hub.fetch(hub.resolve(name("full-000")), folder.resolve("first"), false, FetchListener.NONE);
            FetchResult second =
                    hub.fetch(hub.resolve(name("full-001")), folder.resolve("second"), false, FetchListener.NONE);
            Manifest.File weights = second.manifest().file(WEIGHTS).orElseThrow();
            assertThat(weights.dependencies()).isNotEmpty();
            assertThat(second.cachedBytes()).isPositive();
            assertThat(second.downloadedBytes())
                    .isLessThan(weights.objectSize() + weights.dependencies().getLast().size());
        }
    }

    @Test
    void tensorsAreDecodedWithoutAFile() throws IOException {
        try (HubClient hub = open();
                Arena arena = Arena.ofConfined();
                DecodedFile decoded = hub.openFile(
                        hub.resolve(name("full-001")).file(WEIGHTS).orElseThrow(), Progress.NONE);
                SafetensorsFile original = SafetensorsFile.open(FAMILY.resolve("full-001").resolve(WEIGHTS))) {
            assertThat(decoded.tensors()).isEqualTo(original.tensors());
            for (int t = 0; t < original.tensors().size(); t++) {
                TensorInfo tensor = original.tensors().get(t);
                MemorySegment bytes = arena.allocate(Math.max(1, tensor.byteLength())).asSlice(0, tensor.byteLength());
                decoded.read(decoded.schemaLength() + tensor.begin(), bytes);
                assertThat(bytes.mismatch(original.tensor(t))).as(tensor.name()).isEqualTo(-1);
            }
        }
    }

    @Test
    void anInterruptedDownloadGoesOnWhereItStopped() throws IOException {
        try (HubClient hub = open()) {
            Manifest.File weights = hub.resolve(name("full-000")).file(WEIGHTS).orElseThrow();
            int half = Math.toIntExact(weights.objectSize() / 2);
            URI object = URI.create(server.url() + "/api/weightspan/v1/objects/" + weights.object().hex());
            try (InputStream in = object.toURL().openStream();
                    PartialObject partial =
                            hub.cache().begin(weights.object(), weights.objectSize()).orElseThrow()) {
                partial.append(ByteBuffer.wrap(in.readNBytes(half)));
            }
            AtomicLong reads = new AtomicLong();
            try (DecodedFile decoded = hub.openFile(weights, reads::addAndGet)) {
                assertThat(decoded.length()).isEqualTo(weights.size());
            }
            long all = weights.objectSize()
                    + weights.dependencies().stream().mapToLong(Manifest.Dependency::size).sum();
            assertThat(reads).hasValue(all);
        }
    }

    @Test
    void whatIsMissingIsSaid() throws IOException {
        try (HubClient hub = open()) {
            assertThatThrownBy(() -> hub.resolve(name("absent"))).isInstanceOfSatisfying(HubException.class,
                    e -> assertThat(e.kind()).isEqualTo(HubException.Kind.REPO_NOT_FOUND));
            assertThatThrownBy(() -> hub.resolve(new RepoName("vit-fmnist/full-000", "feat/absent")))
                    .isInstanceOfSatisfying(HubException.class,
                            e -> assertThat(e.kind()).isEqualTo(HubException.Kind.REVISION_NOT_FOUND));
            String commit = hub.resolve(name("full-000")).revision();
            assertThat(hub.resolve(new RepoName("vit-fmnist/full-000", commit)).revision()).isEqualTo(commit);
        }
    }

    private HubClient open() throws IOException {
        return HubClient.open(
                URI.create(server.url()), HubOptions.defaults().withCacheDirectory(folder.resolve("cache")));
    }

    private static RepoName name(String member) {
        return RepoName.parse("vit-fmnist/" + member);
    }

    private static PackFolder member(String name) {
        return new PackFolder(new RepoId("vit-fmnist", name), FAMILY.resolve(name), "vit-fmnist");
    }
}
