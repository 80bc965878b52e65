package io.weightspan.server.commands;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import io.weightspan.server.store.s3.S3Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of whoever keeps a store, on a store in a bucket. */
class S3CommandsTest {

    private static final List<String> FILES =
            List.of("model.safetensors", "config.json", "training_args.bin", "docs/notes.txt");

    private static S3Server server;
    private static S3Server.Properties properties;

    @TempDir
    Path folder;

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

    @Test
    void aFamilyGoesIntoABucketAndComesBack() throws Exception {
        String store = "s3://" + server.newBucket() + "/hub";
        Path base = TestModels.model(folder.resolve("fam/base"), 1, 0, 512);
        Path one = TestModels.model(folder.resolve("fam/one"), 1, 2, 512);
        Path two = TestModels.model(folder.resolve("fam/two"), 1, 3, 512);
        Outcome packed = CommandRuns.run("pack", "--store", store, "--base", base.toString(), "--json", one.toString(),
                two.toString());
        assertThat(packed.json().get("repos")).hasSize(3);
        assertThat(CommandRuns.run("list", "--store", store, "--json").json()).hasSize(3);
        assertThat(CommandRuns.run("inspect", "--store", store, "fam/one", "--json").status()).isZero();
        assertThat(CommandRuns.run("verify", "--store", store).status()).isZero();
        Path back = folder.resolve("back");
        Outcome unpacked = CommandRuns.run("unpack", "--store", store, "fam/two", "--to", back.toString());
        assertThat(unpacked.status()).as(unpacked.err()).isZero();
        for (String file : FILES) {
            assertThat(back.resolve(file)).hasSameBinaryContentAs(two.resolve(file));
        }
        Outcome again = CommandRuns.run("pack", "--store", store, "--base", base.toString(), "--json", one.toString());
        assertThat(again.status()).as(again.err()).isZero();
        serves(store, one);
    }

    @Test
    void whatIsNoStoreEndsWithStatus3AndSaysWhatToDo() {
        Outcome missing = CommandRuns.run("list", "--store", "s3://no-such-bucket/hub");
        assertThat(missing.status()).isEqualTo(3);
        assertThat(missing.err()).contains("there is no bucket no-such-bucket").doesNotContain("awssdk");
        Outcome wrong = CommandRuns.run("list", "--store", "s3://x");
        assertThat(wrong.status()).isEqualTo(3);
        assertThat(wrong.err()).contains("s3://BUCKET/PREFIX");
    }

    private static void serves(String store, Path model) throws IOException, InterruptedException {
        try (ObjectStore opened = Stores.open(store);
                StoreServer serving = StoreServer.start(
                        opened, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), HttpLimits.DEFAULT,
                        1 << 20);
                HttpClient client = HttpClient.newHttpClient()) {
            for (String file : FILES) {
                URI uri = URI.create(serving.url() + "/fam/one/resolve/main/" + file);
                byte[] whole = Files.readAllBytes(model.resolve(file));
                assertThat(client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofByteArray())
                        .body()).isEqualTo(whole);
            }
            URI uri = URI.create(serving.url() + "/fam/one/resolve/main/model.safetensors");
            HttpResponse<byte[]> part = client.send(
                    HttpRequest.newBuilder(uri).header("Range", "bytes=1000-1999").build(),
                    HttpResponse.BodyHandlers.ofByteArray());
            assertThat(part.statusCode()).isEqualTo(206);
            assertThat(part.body()).hasSize(1000);
        }
    }
}
