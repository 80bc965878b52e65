package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.client.hub.FetchListener;
import io.weightspan.client.hub.HubClient;
import io.weightspan.client.hub.HubException;
import io.weightspan.client.hub.HubOptions;
import io.weightspan.client.hub.RepoName;
import io.weightspan.server.http.Listen;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.serve.ServerSettings;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import io.weightspan.server.tls.ReloadingIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A repo pulled over https, and a server that isn't trusted. */
class SecurePullTest {

    private static final Path MEMBER = Path.of("..", "demo", "vit-fmnist", "lora-000").toAbsolutePath().normalize();

    @TempDir
    private Path folder;

    @Test
    void aRepoComesBackByteForByteFromAServerThatIsTrusted() throws Exception {
        TestIdentity.make(folder);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                ReloadingIdentity identity =
                        ReloadingIdentity.read(folder.resolve("cert.pem"), folder.resolve("key.pem"))) {
            new Packer(store).pack(
                    new PackRequest(List.of(new PackFolder(new RepoId("fam", "lora"), MEMBER, "fam")),
                            Optional.empty(), Optional.empty(), "test", 1),
                    (task, bytes) -> done -> {});
            Listen listen = new Listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), identity);
            try (StoreServer server =
                    StoreServer.start(store, ServerSettings.of(listen))) {
                pull(server.url());
            }
        }
    }

    private void pull(String url) throws Exception {
        assertThat(url).startsWith("https://");
        HubOptions options = HubOptions.defaults().withCacheDirectory(folder.resolve("cache")).withRetries(0);
        RepoName name = RepoName.parse("fam/lora");
        try (HubClient hub = HubClient.open(
                URI.create(url), options.withAuthorities(folder.resolve("cert.pem")))) {
            hub.fetch(hub.resolve(name), folder.resolve("copy"), false, FetchListener.NONE);
        }
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertThat(Files.mismatch(MEMBER.resolve(file), folder.resolve("copy").resolve(file))).isEqualTo(-1);
        }
        try (HubClient hub = HubClient.open(URI.create(url), options)) {
            assertThatThrownBy(() -> hub.resolve(name))
                    .isInstanceOfSatisfying(HubException.class,
                            e -> assertThat(e.kind()).isEqualTo(HubException.Kind.UNTRUSTED))
                    .hasMessageContaining("--ca-cert");
        }
        assertThatThrownBy(() -> HubClient.open(
                URI.create(url), options.withAuthorities(folder.resolve("key.pem"))).close())
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith(folder.resolve("key.pem").toString());
    }
}
