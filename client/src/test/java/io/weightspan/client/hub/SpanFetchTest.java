package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** At span a file arrives as the first part of its record, in one range, and decodes to what its layer tells. */
@Timeout(120)
class SpanFetchTest {
    @TempDir
    private Path folder = Path.of("");

    private final FaultServer server = new FaultServer();
    private LayeredRepo served = new LayeredRepo(new byte[0], new byte[0], new byte[0], 0, 0);

    SpanFetchTest() throws IOException {}

    @AfterEach
    void stop() {
        server.close();
    }

    @BeforeEach
    void encodeAndServe() throws IOException {
        served = LayeredRepo.serve(server, folder);
    }

    @Test
    void oneRangeOfTheRecordIsFetched() throws IOException {
        HubOptions options = HubOptions.defaults().withCacheDirectory(folder.resolve("cache"))
                .withTimeouts(Duration.ofSeconds(10), Duration.ofSeconds(10));
        try (HubClient hub = HubClient.open(server.address(), options, _ -> {})) {
            Manifest manifest = hub.resolve(RepoName.parse(LayeredRepo.REPO));
            FetchResult result = hub.fetch(manifest.atSpan(), folder.resolve("near"), false, FetchListener.NONE);
            assertThat(folder.resolve("near/w.safetensors")).hasBinaryContent(served.layer());
            List<FaultServer.Seen> ofRecord = server.objectRequests().stream()
                    .filter(seen -> seen.path().endsWith(LayeredRepo.hex(served.record())))
                    .toList();
            assertThat(ofRecord).singleElement().satisfies(seen -> {
                assertThat(seen.range()).isEqualTo("bytes=0-" + (served.partLength() - 1));
                assertThat(seen.ifRange()).isEqualTo("\"" + LayeredRepo.hex(served.record()) + "\"");
            });
            assertThat(result.downloadedBytes()).isEqualTo(served.baseLength() + served.partLength());
            assertThat(served.partLength()).isLessThan(served.record().length / 2);

            // The whole is another object: it is fetched when the file itself is wanted, and what it rests on is kept.
            hub.fetch(manifest, folder.resolve("whole"), false, FetchListener.NONE);
            assertThat(folder.resolve("whole/w.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("tuned.safetensors"));
            assertThat(server.objectRequests()).hasSize(3);
        }
    }
}
