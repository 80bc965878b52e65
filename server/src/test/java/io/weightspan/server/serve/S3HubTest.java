package io.weightspan.server.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.GarbageCollector;
import io.weightspan.server.repo.GarbageCollector.Report;
import io.weightspan.server.repo.GarbageCollector.Unreachable;
import io.weightspan.server.repo.PackListener;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.repo.Verifier;
import io.weightspan.server.store.s3.S3Server;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two servers of one store in a bucket, with writers, encoders and garbage collections at once. */
class S3HubTest {

    private static final Duration GRACE = Duration.ofHours(24);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String PREFIX = "hub/objects/";

    private static S3Server server;
    private static S3Server.Properties properties;

    @TempDir
    private Path folder;

    private final List<TestHub> hubs = new ArrayList<>();
    private String bucket;
    private Duration ahead = Duration.ZERO;

    @BeforeAll
    static void startServer(@TempDir Path local, @TempDir Path data) throws Exception {
        server = S3Server.start(data);
        properties = server.use(local);
    }

    @AfterAll
    static void stopServer() throws Exception {
        properties.close();
        server.stop();
    }

    @BeforeEach
    void newBucket() {
        bucket = server.newBucket();
    }

    @AfterEach
    void closeHubs() throws IOException {
        for (TestHub hub : hubs) {
            hub.close();
        }
    }

    private TestHub hub(int encoders) throws IOException {
        Path own = Files.createDirectory(folder.resolve("hub-" + hubs.size()));
        TestHub hub = new TestHub(own, "s3://" + bucket + "/hub", encoders);
        hubs.add(hub);
        return hub;
    }

    @Test
    void twoServersLoseNoCommitOfTheirWriters() throws Exception {
        List<TestHub> both = List.of(hub(0), hub(0));
        create(both.getFirst(), "m");
        List<Callable<Integer>> writers = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            String name = "file-" + i;
            TestHub hub = both.get(i % 2);
            writers.add(() -> commit(hub, "m", Map.of(name, name.getBytes(StandardCharsets.UTF_8))));
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (Future<Integer> done : threads.invokeAll(writers)) {
                assertThat(done.get()).isEqualTo(200);
            }
        }
        for (TestHub hub : both) {
            for (int i = 0; i < 16; i++) {
                String name = "file-" + i;
                assertThat(get(hub, "m", name)).isEqualTo(name.getBytes(StandardCharsets.UTF_8));
            }
        }
        Repositories repositories = new Repositories(both.getFirst().store());
        assertThat(repositories.history(repositories.head(RepoId.of("ann/m")))).hasSize(17);
    }

    @Test
    void collectionsBesideTwoServersTakeWhatNothingReachesAndNothingElse() throws Exception {
        TestHub one = hub(0);
        TestHub two = hub(0);
        byte[] shared = bytes(1);
        byte[] gone = bytes(2);
        byte[] again = bytes(3);
        byte[] late = bytes(4);
        upload(one, "kept", Map.of("a.bin", bytes(5), "shared.bin", shared));
        upload(two, "gone", Map.of("b.bin", gone, "shared.bin", shared, "late.bin", late));
        upload(one, "again", Map.of("c.bin", again));
        delete(two, "gone");
        delete(one, "again");

        Report dry = gc(one, true);
        assertThat(names(dry)).contains(sha256(gone), sha256(again), sha256(late)).doesNotContain(sha256(shared));
        assertThat(dry.removed()).isEmpty();
        assertThat(one.store().keys("gc/")).isEmpty();
        assertThat(gc(one, false).removed()).isEmpty();
        upload(two, "again", Map.of("c.bin", again));
        ahead = GRACE.plusMinutes(1);
        assertThat(gc(two, true).removed()).extracting(Unreachable::object)
                .contains(Digest.of(sha256(gone)), Digest.of(sha256(late)))
                .doesNotContain(Digest.of(sha256(again)), Digest.of(sha256(shared)));
        assertThat(objects()).as("a dry run").contains(sha256(gone));

        Map<String, byte[]> written = new LinkedHashMap<>();
        List<Callable<Integer>> work = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String name = "w" + i;
            TestHub hub = i % 2 == 0 ? one : two;
            byte[] own = i % 4 == 0 ? late : bytes(10 + i);
            written.put(name, own);
            work.add(() -> {
                upload(hub, name, Map.of("w.bin", own));
                return 200;
            });
            if (i % 3 == 1) {
                work.add(() -> gc(hub, false).removed().size());
            }
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (Future<Integer> done : threads.invokeAll(work)) {
                assertThat(done.get()).isNotNegative();
            }
        }
        ahead = ahead.multipliedBy(2);
        gc(one, false);
        ahead = ahead.multipliedBy(2);
        gc(two, false);

        assertThat(new Verifier(one.store()).verify(new Repositories(one.store()).list(), 1, PackListener.NONE)
                .failures()).isEmpty();
        assertThat(get(one, "again", "c.bin")).isEqualTo(again);
        assertThat(get(two, "kept", "shared.bin")).isEqualTo(shared);
        for (Map.Entry<String, byte[]> each : written.entrySet()) {
            assertThat(get(one, each.getKey(), "w.bin")).isEqualTo(each.getValue());
        }
        assertThat(objects()).isEqualTo(reachable(two)).doesNotContain(sha256(gone));
        assertThat(one.store().keys("gc/")).isEmpty();
    }

    @Test
    void twoServersEncodeWhatTheyWereSentAndTheBucketShrinks() throws Exception {
        List<TestHub> both = List.of(hub(1), hub(1));
        Map<String, byte[]> models = new LinkedHashMap<>();
        for (int tune = 0; tune < 3; tune++) {
            Path file = folder.resolve("model.safetensors");
            TestModels.write(file, 42, tune, 64);
            models.put("m" + tune, Files.readAllBytes(file));
            upload(both.get(tune % 2), "m" + tune, Map.of("model.safetensors", models.get("m" + tune)));
        }
        Instant deadline = Instant.now().plus(PATIENCE);
        while (!both.getFirst().store().keys("pending/").isEmpty() && Instant.now().isBefore(deadline)) {
            Thread.sleep(20);
        }
        assertThat(both.getFirst().store().keys("pending/")).isEmpty();
        closeHubs();
        hubs.clear();

        // Servers of their own: those above may believe for a minute that a file is not encoded (ST-ENC-007).
        TestHub other = new TestHub(Files.createDirectory(folder.resolve("other")), "s3://" + bucket + "/hub", 0);
        hubs.add(other);
        gc(other, false);
        ahead = GRACE.plusMinutes(1);
        assertThat(gc(other, false).removedBytes()).isPositive();
        Repositories repositories = new Repositories(other.store());
        for (Map.Entry<String, byte[]> model : models.entrySet()) {
            assertThat(repositories.head(RepoId.of("ann/" + model.getKey())).file("model.safetensors").kind())
                    .isEqualTo(FileKind.RECORD);
            assertThat(get(other, model.getKey(), "model.safetensors")).isEqualTo(model.getValue());
            assertThat(objects()).doesNotContain(sha256(model.getValue()));
        }
        assertThat(new Verifier(other.store()).verify(repositories.list(), 1, PackListener.NONE).failures()).isEmpty();
    }

    private Report gc(TestHub through, boolean dryRun) throws IOException {
        return new GarbageCollector(through.store(), () -> Instant.now().plus(ahead))
                .run(new GarbageCollector.Request(GRACE, dryRun, 2), PackListener.NONE);
    }

    private static List<String> names(Report report) {
        return report.unreachable().stream().map(one -> one.object().hex()).toList();
    }

    /** Returns the names of the objects in the bucket, as another program sees them. */
    private Set<String> objects() {
        Set<String> names = new TreeSet<>();
        for (String key : server.keys(bucket)) {
            if (key.startsWith(PREFIX)) {
                names.add(key.substring(PREFIX.length()).replace("/", ""));
            }
        }
        return names;
    }

    /** Returns the names of the commits that branches reach and of their files, which are all plain. */
    private static Set<String> reachable(TestHub hub) throws IOException {
        Set<String> names = new TreeSet<>();
        Repositories repositories = new Repositories(hub.store());
        for (RepoId repo : repositories.list()) {
            for (Commit commit : repositories.history(repositories.head(repo))) {
                names.add(commit.object().hex());
                commit.files().stream().map(CommitFile::sha256).map(Digest::hex).forEach(names::add);
            }
        }
        return names;
    }

    private static void upload(TestHub hub, String name, Map<String, byte[]> files) throws Exception {
        create(hub, name);
        assertThat(commit(hub, name, files)).isEqualTo(200);
    }

    private static void create(TestHub hub, String name) throws Exception {
        assertThat(send(hub, "POST", "/api/repos/create", "{\"name\":\"" + name + "\"}")).isEqualTo(200);
    }

    private static void delete(TestHub hub, String name) throws Exception {
        assertThat(send(hub, "DELETE", "/api/repos/delete", "{\"name\":\"" + name + "\"}")).isEqualTo(200);
    }

    private static int commit(TestHub hub, String name, Map<String, byte[]> files) throws Exception {
        StringBuilder body = new StringBuilder("{\"key\":\"header\",\"value\":{\"summary\":\"s\"}}\n");
        files.forEach((path, bytes) -> body.append("{\"key\":\"file\",\"value\":{\"content\":\"")
                .append(Base64.getEncoder().encodeToString(bytes))
                .append("\",\"path\":\"").append(path).append("\",\"encoding\":\"base64\"}}\n"));
        return send(hub, "POST", "/api/models/ann/" + name + "/commit/main", body.toString());
    }

    private static int send(TestHub hub, String method, String path, String body) throws Exception {
        return hub.send(method, path, body.getBytes(StandardCharsets.UTF_8), hub.ann()).statusCode();
    }

    private static byte[] get(TestHub hub, String name, String path) throws Exception {
        HttpResponse<byte[]> answer =
                hub.send("GET", "/ann/" + name + "/resolve/main/" + path, new byte[0], null);
        assertThat(answer.statusCode()).as(name).isEqualTo(200);
        return answer.body();
    }

    private static byte[] bytes(int seed) {
        byte[] bytes = new byte[200_000];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) {
        return Digest.ofBytes(Digest.newHash().digest(bytes)).hex();
    }
}
