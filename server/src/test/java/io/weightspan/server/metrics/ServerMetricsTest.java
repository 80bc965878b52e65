package io.weightspan.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.content.StoredContent;
import io.weightspan.server.encode.Encoder;
import io.weightspan.server.http.EndedRequest;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.repo.PackCoding;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackListener;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.BlockReads;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is measured, by the names that dashboards rely on. */
class ServerMetricsTest {

    @TempDir
    private Path folder;

    private ObjectStore store;
    private StoredContent content;
    private Encoder encoder;
    private ServerMetrics metrics;

    @BeforeEach
    void open() throws IOException {
        store = FolderObjectStore.openOrCreate(folder.resolve("store"));
        content = new StoredContent(store, 1 << 20);
        encoder = new Encoder(new Repositories(store), 0);
        metrics = new ServerMetrics(new Repositories(store), content, encoder);
    }

    @AfterEach
    void close() throws IOException {
        metrics.close();
        encoder.close();
        content.close();
        store.close();
    }

    @Test
    void countsRequestsByRouteAndStatus() throws HttpException {
        metrics.began();
        metrics.began();
        metrics.ended(request("GET", Optional.of(RequestTarget.parse("/a/b/resolve/main/x.bin")), 200, 1000, 20));
        metrics.began();
        metrics.ended(request("GET", Optional.of(RequestTarget.parse("/c/d/resolve/main/y.bin")), 200, 500, 80));
        metrics.began();
        metrics.ended(request("BREW", Optional.empty(), 400, 5, 1));
        String resolve = "{http_request_method=\"GET\",http_response_status_code=\"200\","
                + "http_route=\"/{namespace}/{name}/resolve/{revision}/{path}\"";
        assertThat(metrics.text().lines())
                .contains(
                        "http_server_active_requests 1.0",
                        "http_server_request_duration_seconds_count" + resolve + "} 2",
                        "http_server_request_duration_seconds_sum" + resolve + "} 0.1",
                        "http_server_request_duration_seconds_bucket" + resolve + ",le=\"0.01\"} 0",
                        "http_server_request_duration_seconds_bucket" + resolve + ",le=\"0.025\"} 1",
                        "http_server_request_duration_seconds_bucket" + resolve + ",le=\"0.1\"} 2",
                        "http_server_response_body_size_bytes_sum" + resolve + "} 1500.0",
                        "http_server_request_body_size_bytes_sum" + resolve + "} 14.0",
                        "http_server_request_duration_seconds_count{http_request_method=\"_OTHER\","
                                + "http_response_status_code=\"400\",http_route=\"other\"} 1");
    }

    @Test
    void addsUpTheStoreInTheBackground() throws Exception {
        Path model = TestModels.model(folder.resolve("m/one"), 1, 0, 64);
        var packed = new Packer(store).pack(
                new PackRequest(
                        List.of(new PackFolder(RepoId.of("m/one"), model, "m")),
                        Optional.empty(), Optional.empty(), "me", 1, PackCoding.EXACT, ""),
                PackListener.NONE).getFirst().commit();
        assertThat(metrics.text().lines()).contains("weightspan_store_repositories NaN");
        metrics.settle();
        assertThat(metrics.text().lines())
                .contains(
                        "weightspan_store_repositories 1.0",
                        "weightspan_store_files 4.0",
                        "weightspan_encode_queue_files 0.0",
                        "weightspan_decode_bytes_total 0.0");
        assertThat(value("weightspan_store_represented_bytes")).isEqualTo(packed.size());
        assertThat(value("weightspan_store_stored_bytes")).isEqualTo(packed.storedSize());
    }

    @Test
    void countsTheBlocksOfAStoreThatIsElsewhere() throws IOException {
        assertThat(metrics.text()).doesNotContain("weightspan_store_cache");
        ObjectStore elsewhere = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> method.getName().equals("blockReads")
                        ? Optional.of(new BlockReads(7, 3))
                        : method.invoke(store, arguments));
        try (ServerMetrics other = new ServerMetrics(new Repositories(elsewhere), content, encoder)) {
            assertThat(other.text().lines())
                    .contains("weightspan_store_cache_hits_total 7.0", "weightspan_store_cache_misses_total 3.0");
        }
    }

    /** However clients vary their paths, there are few routes. */
    @ParameterizedTest
    @CsvSource({
        "/, /",
        "/readyz, /readyz",
        "/anything, other",
        "/a/b/c, other",
        "/a/b/resolve/main/x/y, /{namespace}/{name}/resolve/{revision}/{path}",
        "/a/b.git/info/lfs/objects/batch, /{namespace}/{name}.git/info/lfs/objects/batch",
        "/a/b.git/info/lfs/objects/0123, /{namespace}/{name}.git/info/lfs/objects/{oid}",
        "/api/models, /api/models",
        "/api/models/a, /api/models",
        "/api/models/a/b, /api/models/{namespace}/{name}",
        "/api/models/a/b/tree/main/x, /api/models/{namespace}/{name}/tree",
        "/api/models/a/b/anything, other",
        "/api/anything, other",
        "/api/xet/a/b/0/v1/shards, /api/xet/{namespace}/{name}/{generation}/v1/shards",
        "/api/weightspan/v1/objects/0123, /api/weightspan/v1/objects"
    })
    void namesFewRoutes(String path, String route) throws HttpException {
        assertThat(Routes.of(RequestTarget.parse(path))).isEqualTo(route);
    }

    private long value(String name) {
        return metrics.text().lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length())))
                .sum();
    }

    private static EndedRequest request(
            String method, Optional<RequestTarget> target, int status, long bytes, long millis) {
        return new EndedRequest("id", method, target, "::1", status, 7, bytes, Duration.ofMillis(millis), true);
    }
}
