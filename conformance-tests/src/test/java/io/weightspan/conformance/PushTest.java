package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.client.hub.FetchListener;
import io.weightspan.client.hub.HubClient;
import io.weightspan.client.hub.HubException;
import io.weightspan.client.hub.HubOptions;
import io.weightspan.client.hub.HubWriter;
import io.weightspan.client.hub.LocalFiles;
import io.weightspan.client.hub.PushListener;
import io.weightspan.client.hub.PushRequest;
import io.weightspan.client.hub.PushResult;
import io.weightspan.client.hub.PushResult.Outcome;
import io.weightspan.client.hub.RepoName;
import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.Listen;
import io.weightspan.server.quota.Quota;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.serve.ServerSettings;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Folders sent to a server, and fetched from it again. */
class PushTest {

    private static final Path MEMBER = Path.of("..", "demo", "vit-fmnist", "lora-000").toAbsolutePath().normalize();
    private static final String MODEL = "ann/model";

    @TempDir
    private Path folder;

    private final String token = NewToken.create();
    private ObjectStore store;
    private StoreServer server;
    private Path source;

    @BeforeEach
    void start() throws IOException {
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken("ann", "ann", Role.WRITE, List.of(new Scope("ann")),
                NewToken.hash(token), Instant.EPOCH, Optional.empty())));
        Tokens tokens = new Tokens(file, InstantSource.system());
        store = Stores.openOrCreate(folder.resolve("store").toString());
        server = StoreServer.start(store, ServerSettings
                .of(Listen.plain(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .withGuards(repositories -> Guard.of(repositories, tokens, true)));
        source = Files.createDirectories(folder.resolve("source"));
        Files.copy(MEMBER.resolve("adapter_model.safetensors"), source.resolve("adapter_model.safetensors"));
        Files.writeString(source.resolve("README.md"), "# A model\n");
        Files.createFile(source.resolve("empty"));
        Files.createDirectories(source.resolve(".git"));
        Files.writeString(source.resolve(".git").resolve("HEAD"), "ref: refs/heads/main\n");
        Files.createDirectories(source.resolve("a b"));
        Files.writeString(source.resolve("a b").resolve("\u00fc.txt"), "text");
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        store.close();
    }

    private HubOptions options(@Nullable String bearer) {
        HubOptions options = HubOptions.defaults().withCacheDirectory(folder.resolve("cache")).withRetries(0);
        return bearer == null ? options : options.withToken(bearer);
    }

    private PushResult push(String target, boolean isPrivate, boolean dryRun) throws IOException {
        LocalFiles files = LocalFiles.find(source, List.of(), List.of());
        try (HubWriter hub = HubWriter.open(URI.create(server.url()), options(token))) {
            return hub.push(
                    new PushRequest(RepoName.parse(target), files, "A message", isPrivate, dryRun), PushListener.NONE);
        }
    }

    private static List<Outcome> outcomes(PushResult result) {
        return result.files().stream().map(PushResult.Pushed::outcome).toList();
    }

    private Path pull(String name, @Nullable String bearer) throws IOException {
        Path to = folder.resolve("copy-" + System.nanoTime());
        try (HubClient hub = HubClient.open(URI.create(server.url()), options(bearer))) {
            hub.fetch(hub.resolve(RepoName.parse(name)), to, false, FetchListener.NONE);
        }
        return to;
    }

    @Test
    void aFolderComesBackByteForByte() throws IOException {
        byte[] noise = new byte[11_000_000]; // by its length alone no small file
        new Random(6).nextBytes(noise);
        Files.write(source.resolve("noise"), noise);
        PushResult first = push(MODEL, false, false);
        assertThat(first.files()).extracting(PushResult.Pushed::path)
                .containsExactly("README.md", "a b/\u00fc.txt", "adapter_model.safetensors", "empty", "noise");
        assertThat(outcomes(first)).containsOnly(Outcome.SENT);
        var head = new Repositories(store).head(RepoId.of(MODEL));
        assertThat(head.id()).isEqualTo(first.commit());
        assertThat(head.message()).isEqualTo("A message");
        assertThat(head.author()).isEqualTo("ann");
        Path copy = pull(MODEL, null);
        for (PushResult.Pushed file : first.files()) {
            assertThat(Files.mismatch(source.resolve(file.path()), copy.resolve(file.path()))).isEqualTo(-1);
        }
        assertThat(copy.resolve(".git")).doesNotExist();
    }

    @Test
    void onlyWhatIsNewIsSent() throws IOException {
        PushResult first = push(MODEL, false, false);
        PushResult again = push(MODEL, false, false);
        assertThat(outcomes(again)).containsOnly(Outcome.UNCHANGED);
        assertThat(again.commit()).isEqualTo(first.commit());
        // Another name for a large file takes no transfer, and files that are missing here stay there.
        Files.move(source.resolve("adapter_model.safetensors"), source.resolve("renamed.safetensors"));
        Files.writeString(source.resolve("README.md"), "# Another\n");
        PushResult changed = push(MODEL, false, false);
        assertThat(outcomes(changed))
                .containsExactly(Outcome.SENT, Outcome.UNCHANGED, Outcome.UNCHANGED, Outcome.NAMED);
        assertThat(new Repositories(store).head(RepoId.of(MODEL)).files()).hasSize(5);
    }

    @Test
    void aDryRunSendsNothing() throws IOException {
        assertThat(outcomes(push(MODEL, false, true))).containsOnly(Outcome.SENT);
        assertThat(new Repositories(store).exists(RepoId.of(MODEL))).isFalse();
    }

    @Test
    void aBranchIsMadeWhereItIsMissing() throws IOException {
        push(MODEL, false, false);
        Files.writeString(source.resolve("README.md"), "# Another\n");
        assertThat(outcomes(push(MODEL + "@dev", false, true)))
                .containsExactly(Outcome.SENT, Outcome.UNCHANGED, Outcome.UNCHANGED, Outcome.UNCHANGED);
        push(MODEL + "@dev", false, false);
        push(MODEL + "@dev", false, false);
        assertThat(pull(MODEL + "@dev", null).resolve("README.md")).hasContent("# Another\n");
        assertThat(pull(MODEL, null).resolve("README.md")).hasContent("# A model\n");
    }

    @Test
    void whatIsPrivateNeedsAToken() throws IOException {
        push(MODEL, true, false);
        assertThat(pull(MODEL, token).resolve("README.md")).hasContent("# A model\n");
        assertThatThrownBy(() -> pull(MODEL, null)).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.REPO_NOT_FOUND));
        assertThatThrownBy(() -> pull(MODEL, NewToken.create())).isInstanceOfSatisfying(HubException.class,
                e -> assertThat(e.kind()).isEqualTo(HubException.Kind.DENIED));
    }

    @Test
    void aRefusalSaysWhatTheServerSays() throws IOException {
        assertThatThrownBy(() -> push("bob/model", false, false))
                .isInstanceOfSatisfying(HubException.class,
                        e -> assertThat(e.kind()).isEqualTo(HubException.Kind.DENIED))
                .hasMessageEndingWith("cannot make repo bob/model: token 'ann' may not change bob/model");
        new Quotas(new Repositories(store)).set(Optional.of("ann"), Optional.of(new Quota(100)));
        assertThatThrownBy(() -> push(MODEL, false, false)).hasMessageContaining("the storage of 'ann' is full");
        assertThat(new Repositories(store).head(RepoId.of(MODEL)).files()).isEmpty();
    }
}
