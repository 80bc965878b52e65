package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.NewToken;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.auth.TokenFile;
import io.weightspan.server.auth.Tokens;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.http.Listen;
import io.weightspan.server.repo.GarbageCollector;
import io.weightspan.server.repo.PackFolder;
import io.weightspan.server.repo.PackRequest;
import io.weightspan.server.repo.Packer;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.RepositoryEditor;
import io.weightspan.server.serve.ServerSettings;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import io.weightspan.server.tls.ReloadingIdentity;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs the stock {@code huggingface_hub} and its command line, of the versions that the files
 * {@code hub-clients/requirements*.txt} name, against a server, and has them compare every byte.
 *
 * <p>Installs them with pip below {@code target/}; where that isn't possible the test fails, since nothing else shows
 * that the clients work. Those of models are gigabytes and run with {@code -Dweightspan.models=true} only.
 */
class HubClientsTest {

    private static final Path CLIENTS = Path.of("hub-clients").toAbsolutePath();
    private static final Path ENVIRONMENTS = Path.of("target", "hub-clients").toAbsolutePath();
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final String NEWEST = "requirements.txt";
    private static final String MODELS = "requirements-models.txt";
    private static final int ROWS = 96;
    private static final int COLUMNS = 1500;

    @TempDir
    private Path folder;

    @Test
    void stockClientsGetEveryFileBack() throws Exception {
        Path originals = folder.resolve("originals");
        Path base = model(originals.resolve("demo/base"), 0);
        PackFolder one = new PackFolder(new RepoId("demo", "one"), model(originals.resolve("demo/one"), 1), "demo");
        PackFolder two = new PackFolder(new RepoId("demo", "two"), model(originals.resolve("demo/two"), 2), "demo");
        Path nested = Files.createDirectories(originals.resolve("demo/two/d e/f"));
        Files.writeString(nested.resolveSibling("ü.txt"), "größe");
        Files.write(nested.resolve("empty.bin"), new byte[0]);
        PackRequest request = new PackRequest(
                List.of(one, two),
                Optional.of(new PackFolder(new RepoId("demo", "base"), base, "demo")),
                Optional.empty(),
                "test",
                2);
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString())) {
            new Packer(store).pack(request, (task, bytes) -> done -> {});
            try (StoreServer server = StoreServer.start(store, ANY_PORT, HttpLimits.DEFAULT, 64 << 20)) {
                Path work = Files.createDirectory(folder.resolve("work"));
                String python = environment(NEWEST);
                List<String> command = List.of(
                        python, CLIENTS.resolve("check_hub.py").toString(), originals.toString(), work.toString());
                String output = run(command, Map.of("HF_ENDPOINT", server.url()));
                assertThat(output).contains("passed check_command_line");
            }
        }
    }

    /** The last version that asked which way to send, one that sends by Xet, and the newest. */
    @ParameterizedTest
    @ValueSource(strings = {"requirements-1.19.txt", "requirements-1.33.txt", NEWEST})
    void stockClientsWrite(String requirements) throws Exception {
        write(requirements, "check_write.py", Listen.plain(ANY_PORT), Map.of());
    }

    @Test
    void stockClientsWriteOverTls() throws Exception {
        TestIdentity.make(folder);
        Path certificate = folder.resolve("cert.pem");
        try (ReloadingIdentity identity = ReloadingIdentity.read(certificate, folder.resolve("key.pem"))) {
            Map<String, String> trust = Map.of("SSL_CERT_FILE", certificate.toString());
            write(NEWEST, "check_write.py", new Listen(ANY_PORT, identity), trust);
        }
    }

    @Test
    void modelsAndAdaptersGoAndComeBack() throws Exception {
        assumeTrue(Boolean.getBoolean("weightspan.models"), "run with -Dweightspan.models=true");
        write(MODELS, "check_models.py", Listen.plain(ANY_PORT), Map.of());
    }

    /** Has a program write to a server, and demands that it gets to its end. */
    private void write(String requirements, String program, Listen listen, Map<String, String> more) throws Exception {
        String secret = NewToken.create();
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                StoreServer server = writable(store, listen, secret)) {
            Path work = Files.createDirectory(folder.resolve("work"));
            Map<String, String> variables = new HashMap<>(more);
            variables.put("HF_ENDPOINT", server.url());
            variables.put("HF_TOKEN", secret);
            List<String> command = List.of(
                    environment(requirements), CLIENTS.resolve(program).toString(), "ann", work.toString());
            assertThat(run(command, variables)).endsWith("passed all\n");
        }
    }

    @Test
    void gitLfsPushesAndPulls() throws Exception {
        assumeTrue(isInstalled("git-lfs"), "git-lfs is not installed; Debian's package of that name has it");
        String secret = NewToken.create();
        try (ObjectStore store = Stores.openOrCreate(folder.resolve("store").toString());
                StoreServer server = writable(store, Listen.plain(ANY_PORT), secret)) {
            Path work = Files.createDirectory(folder.resolve("work"));
            List<String> command = List.of(
                    CLIENTS.resolve("check_git_lfs.sh").toString(), server.url(), "ann", secret, work.toString());
            assertThat(run(command, Map.of())).contains("passed push and pull", "passed refusal");
            // What git named stays though no commit of the store names it, and a deleted repository keeps nothing.
            assertThat(collect(store).unreachable()).isEmpty();
            Repositories repositories = new Repositories(store);
            new RepositoryEditor(repositories).delete(new RepoId("ann", "pushed"));
            assertThat(collect(store).unreachable()).hasSize(3);
        }
    }

    private StoreServer writable(ObjectStore store, Listen listen, String secret) throws IOException {
        TokenFile file = new TokenFile(folder.resolve("tokens.json"));
        file.change(all -> all.add(new AccessToken(
                "ann", "ann", Role.WRITE, List.of(new Scope("ann")), NewToken.hash(secret), Instant.now(),
                Optional.empty())));
        Tokens tokens = new Tokens(file, InstantSource.system());
        return StoreServer.start(
                store, ServerSettings.of(listen)
                        .withGuards(repositories -> Guard.of(repositories, tokens, true)));
    }

    private static GarbageCollector.Report collect(ObjectStore store) throws IOException {
        return new GarbageCollector(store).run(
                new GarbageCollector.Request(GarbageCollector.DEFAULT_GRACE, true, 2), (task, bytes) -> done -> {});
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }

    /** Returns the interpreter of an environment that has the clients, made once for a list of requirements. */
    private static String environment(String list) throws IOException, InterruptedException {
        Path requirements = CLIENTS.resolve(list);
        String wanted = Files.readString(requirements);
        Path environment = ENVIRONMENTS.resolve(list.replace(".txt", ""));
        Path done = environment.resolve("done.txt");
        String python = environment.resolve("bin/python").toString();
        if (Files.exists(done) && Files.readString(done).equals(wanted)) {
            return python;
        }
        run(List.of("python3", "-m", "venv", "--clear", environment.toString()), Map.of());
        run(List.of(python, "-m", "pip", "install", "--quiet", "-r", requirements.toString()), Map.of());
        Files.writeString(done, wanted);
        return python;
    }

    /** Runs a command to its end, demands that it says it succeeded, and returns what it printed. */
    private static String run(List<String> command, Map<String, String> variables)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(variables);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        Path output = Files.createTempFile("hub-clients", ".out");
        try {
            Process process = builder.redirectOutput(output.toFile()).start();
            if (!process.waitFor(15, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IOException(command + " did not end");
            }
            String printed = Files.readString(output);
            assertThat(process.exitValue()).as("%s: %s", command, printed).isZero();
            return printed;
        } finally {
            Files.delete(output);
        }
    }

    /** Writes a model whose weights are a little off the base's, of BF16 and F32, with files that aren't weights. */
    private static Path model(Path folder, int member) throws IOException {
        Files.createDirectories(folder);
        long elements = (long) ROWS * COLUMNS;
        String json = """
                {"__metadata__":{"format":"pt"},\
                "a.weight":{"dtype":"BF16","shape":[%1$d,%2$d],"data_offsets":[0,%3$d]},\
                "b.weight":{"dtype":"F32","shape":[%1$d,%2$d],"data_offsets":[%3$d,%4$d]}}"""
                .formatted(ROWS, COLUMNS, 2 * elements, 6 * elements);
        byte[] header = json.getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(Math.toIntExact(8 + header.length + 6 * elements))
                .order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        Random shared = new Random(7);
        Random own = new Random(member);
        for (long i = 0; i < 2 * elements; i++) {
            float value = (float) (shared.nextGaussian() * 0.02 + (member == 0 ? 0 : own.nextGaussian() * 1e-4));
            if (i < elements) {
                file.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
            } else {
                file.putFloat(value);
            }
        }
        Files.write(folder.resolve("model.safetensors"), file.array());
        Files.writeString(folder.resolve("config.json"), "{\"member\": " + member + "}\n");
        Files.writeString(folder.resolve("README.md"), "# Member " + member + "\n\n" + "Text.\n".repeat(2000));
        Files.write(folder.resolve("training_args.bin"), new byte[] {(byte) 0x80, 2, '.'});
        return folder;
    }
}
