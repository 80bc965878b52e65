package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.Verification;
import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.serve.StoreServer;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Packs a family that shares directions exactly, within a bound and at span, and takes it out again. */
class FidelityCommandsTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 64;
    private static final int MEMBERS = 4;
    private static final String WEIGHTS = "model.safetensors";

    @TempDir
    private Path folder = Path.of("");

    private String store = "";
    private Path base = Path.of("");
    private final List<Path> members = new ArrayList<>();

    @BeforeEach
    void makeModels() throws IOException {
        store = folder.resolve("store").toString();
        base = model("base", 0);
        for (int m = 1; m <= MEMBERS; m++) {
            members.add(model("m" + m, m));
        }
    }

    private Path model(String name, long seed) throws IOException {
        return model(name, seed, 1, 1e-4);
    }

    /** The base, two directions that all members of a group share, of a size of each one's own, and noise. */
    private Path model(String name, long seed, long group, double noise) throws IOException {
        float[] w = new float[ROWS * COLUMNS];
        Random shared = new Random(1);
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) (0.02 * shared.nextGaussian());
        }
        double[] axes = new Random(group).doubles(4L * ROWS, -1, 1).toArray();
        Random own = new Random(seed);
        for (int k = 0; k < 2 && seed != 0; k++) {
            double size = 5e-3 * own.nextGaussian();
            for (int i = 0; i < w.length; i++) {
                w[i] += (float) (size * axes[2 * k * ROWS + i / COLUMNS] * axes[(2 * k + 1) * ROWS + i % COLUMNS]);
            }
        }
        for (int i = 0; i < w.length && seed != 0; i++) {
            w[i] += (float) (noise * own.nextGaussian());
        }
        return model(name, w);
    }

    private Path model(String name, float[] w) throws IOException {
        byte[] header = ("{\"w\":{\"dtype\":\"F32\",\"shape\":[64,64],\"data_offsets\":[0," + 4 * w.length + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        ByteBuffer file = ByteBuffer.allocate(8 + header.length + 4 * w.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(header.length).put(header);
        for (float value : w) {
            file.putFloat(value);
        }
        Path model = Files.createDirectories(folder.resolve("fam").resolve(name));
        Files.write(model.resolve(WEIGHTS), file.array());
        Files.writeString(model.resolve("config.json"), "{\"name\":\"" + name + "\"}");
        return model;
    }

    private Outcome pack(String... options) {
        return pack(members, options);
    }

    private Outcome pack(List<Path> folders, String... options) {
        List<String> all = new ArrayList<>(List.of("pack", "--store", store, "--base", base.toString(), "--json"));
        all.addAll(List.of(options));
        folders.forEach(member -> all.add(member.toString()));
        return run(all.toArray(String[]::new));
    }

    private Outcome unpack(String repo, String to, String... options) {
        List<String> all = new ArrayList<>(List.of(
                "unpack", "--store", store, repo, "--to", folder.resolve(to).toString()));
        all.addAll(List.of(options));
        return run(all.toArray(String[]::new));
    }

    private JsonNode weights(String repo) {
        for (JsonNode file : run("inspect", "--store", store, repo, "--json").json().path("files")) {
            if (file.path("path").asString().equals(WEIGHTS)) {
                return file;
            }
        }
        throw new AssertionError("no weights in " + repo);
    }

    private static String revision(Outcome packed, String repo) {
        for (JsonNode one : packed.json().path("repos")) {
            if (one.path("repo").asString().equals(repo)) {
                return one.path("revision").asString();
            }
        }
        throw new AssertionError("no " + repo + " in " + packed.out());
    }

    private static void assertUnchanged(Outcome packed, boolean unchanged) {
        assertThat(packed.status()).as(packed.err()).isZero();
        for (JsonNode repo : packed.json().path("repos")) {
            if (!repo.path("base").asBoolean()) {
                assertThat(repo.path("changed").asBoolean()).as("%s", repo).isEqualTo(!unchanged);
            }
        }
    }

    private static float[] values(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int at = 8 + (int) bytes.getLong(0);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = bytes.getFloat(at + 4 * i);
        }
        return values;
    }

    /** The largest error of an element, in root mean squares of the member's difference from the base. */
    private double worst(Path file, Path member) throws IOException {
        float[] from = values(base.resolve(WEIGHTS));
        float[] own = values(member.resolve(WEIGHTS));
        float[] near = values(file);
        double square = 0;
        double most = 0;
        for (int i = 0; i < own.length; i++) {
            square += Math.pow((double) own[i] - from[i], 2);
            most = Math.max(most, Math.abs((double) own[i] - near[i]));
        }
        return most / Math.sqrt(square / own.length);
    }

    @Test
    void inspectTellsTheErrorThatTheRecordStates() throws IOException {
        assertUnchanged(pack("--fidelity", "bounded:0.1"), false);
        assertThat(unpack("fam/m1", "near").status()).isZero();
        float[] from = values(base.resolve(WEIGHTS));
        float[] own = values(members.getFirst().resolve(WEIGHTS));
        float[] near = values(folder.resolve("near").resolve(WEIGHTS));
        double most = 0;
        double error = 0;
        double difference = 0;
        for (int i = 0; i < own.length; i++) {
            double e = (double) own[i] - near[i];
            most = Math.max(most, Math.abs(e));
            error += e * e;
            difference += Math.pow((double) own[i] - from[i], 2);
        }
        JsonNode bounded = weights("fam/m1");
        assertThat(bounded.path("max_abs_error").asDouble()).isEqualTo(most).isPositive();
        assertThat(bounded.path("relative_error").asDouble())
                .isCloseTo(Math.sqrt(error / difference), withPercentage(1e-6));
        // The record does not say how the error is shared out: that is no error of 0.
        assertThat(bounded.path("tensors").get(0).path("max_abs_error").isNull()).isTrue();
        assertThat(bounded.path("tensors").get(0).path("relative_error").isNull()).isTrue();
        assertUnchanged(pack(), false);
        JsonNode exact = weights("fam/m1");
        assertThat(exact.path("max_abs_error").asDouble(-1)).isZero();
        assertThat(exact.path("relative_error").asDouble(-1)).isZero();
        assertThat(exact.path("tensors").get(0).path("max_abs_error").asDouble(-1)).isZero();
    }

    @Test
    void aBasisThatDoesNotPayIsNotStoredWithinABoundEither() throws IOException {
        members.clear();
        double[] axes = new Random(9).doubles(ROWS + COLUMNS, -1, 1).toArray();
        for (int m = 1; m <= MEMBERS; m++) {
            float[] w = values(base.resolve(WEIGHTS));
            Random own = new Random(m);
            double size = 3e-3 * own.nextGaussian();
            for (int i = 0; i < w.length; i++) {
                double shared = size * axes[i / COLUMNS] * axes[ROWS + i % COLUMNS];
                w[i] += (float) (shared + 1e-3 * own.nextGaussian());
            }
            members.add(model("apart" + m, w));
        }
        Outcome packed = pack("--fidelity", "bounded:0.1");
        assertUnchanged(packed, false);
        assertThat(packed.json().path("shared_bytes").asLong()).isZero();
        for (JsonNode dependency : weights("fam/apart1").path("dependencies")) {
            assertThat(dependency.path("role").asString()).isNotEqualTo("basis");
        }
    }

    @Test
    void exactAfterBoundedIsANewCommit() throws IOException {
        Outcome bounded = pack("--fidelity", "bounded:0.1");
        assertUnchanged(bounded, false);
        assertThat(weights("fam/m1").path("fidelity").asString()).isNotEqualTo("exact");
        assertThat(weights("fam/m1").path("relative_error").asDouble()).isBetween(1e-3, 0.1);
        assertThat(weights("fam/m1").path("tensors").get(0).path("max_abs_error").isNull()).isTrue();
        assertThat(unpack("fam/m1", "near").status()).isZero();
        Path near = folder.resolve("near").resolve(WEIGHTS);
        assertThat(worst(near, members.getFirst())).isBetween(1e-4, 0.1);
        float[] own = values(members.getFirst().resolve(WEIGHTS));
        float[] got = values(near);
        double most = IntStream.range(0, own.length).mapToDouble(i -> Math.abs((double) own[i] - got[i])).max()
                .orElseThrow();
        assertThat(weights("fam/m1").path("max_abs_error").asDouble()).isEqualTo(most);
        assertThat(folder.resolve("near/config.json"))
                .hasSameBinaryContentAs(members.getFirst().resolve("config.json"));
        Outcome refused = unpack("fam/m1", "exact", "--fidelity", "exact");
        assertThat(refused.status()).isEqualTo(1);
        assertThat(refused.err()).contains(WEIGHTS);
        assertThat(run("verify", "--store", store).status()).isZero();

        Outcome exact = pack();
        assertUnchanged(exact, false);
        assertUnchanged(pack(), true);
        assertThat(weights("fam/m1").path("tensors").get(0).path("max_abs_error").asDouble(-1)).isZero();
        assertThat(revision(exact, "fam/m1")).isNotEqualTo(revision(bounded, "fam/m1"));
        assertThat(unpack("fam/m1", "exact", "--fidelity", "exact").status()).isZero();
        assertThat(folder.resolve("exact").resolve(WEIGHTS))
                .hasSameBinaryContentAs(members.getFirst().resolve(WEIGHTS));
        // The older revision is still there, and as near as it was.
        assertThat(unpack("fam/m1@" + revision(bounded, "fam/m1"), "older").status()).isZero();
        assertThat(folder.resolve("older").resolve(WEIGHTS))
                .hasSameBinaryContentAs(folder.resolve("near").resolve(WEIGHTS));
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @Test
    void spanIsSmallerAndUnpacksAsItsLayer() throws IOException {
        Outcome packed = pack("--fidelity", "span", "--step", "2");
        assertUnchanged(packed, false);
        assertUnchanged(pack("--fidelity", "span", "--step", "2"), true);
        long span = weights("fam/m2").path("stored_bytes").asLong();
        assertThat(unpack("fam/m2", "span").status()).isZero();
        double worst = worst(folder.resolve("span").resolve(WEIGHTS), members.get(1));
        assertThat(worst).isBetween(1e-3, 10.0);
        assertThat(run("verify", "--store", store).status()).isZero();
        assertThat(pack("--step", "2").status()).isZero();
        JsonNode exact = weights("fam/m2");
        assertThat(exact.path("stored_bytes").asLong()).isGreaterThan(span);
        assertThat(unpack("fam/m2", "near", "--fidelity", "span").status()).isZero();
        assertThat(unpack("fam/m2", "whole").status()).isZero();
        assertThat(folder.resolve("whole").resolve(WEIGHTS)).hasSameBinaryContentAs(members.get(1).resolve(WEIGHTS));
        assertThat(worst(folder.resolve("near").resolve(WEIGHTS), members.get(1))).isBetween(1e-3, 10.0);
    }

    private long objects() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(store, "objects"))) {
            return files.filter(Files::isRegularFile).count();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"--fidelity bounded:0.05", "--fidelity span --step 2", "--step 1.6", "--rate 0.5"})
    void packingAgainStoresNothingThoughDirectionsWereAddedSince(String text) throws IOException {
        String[] options = text.split(" ");
        assertUnchanged(pack(options), false);
        String revision = revision(pack(options), "fam/m1");
        List<Path> others = new ArrayList<>();
        for (int m = 11; m <= 16; m++) {
            others.add(model("m" + m, m, 2, 1e-4));
        }
        assertUnchanged(pack(others, options), false);
        long objects = objects();
        Outcome again = pack(options);
        assertUnchanged(again, true);
        assertThat(revision(again, "fam/m1")).isEqualTo(revision);
        List<Path> all = new ArrayList<>(members);
        all.addAll(others);
        assertUnchanged(pack(all, options), true);
        assertThat(objects()).isEqualTo(objects);
        assertThat(run("verify", "--store", store).status()).isZero();
        // Another wish is another record, and going back finds the first one again.
        assertUnchanged(pack("--fidelity", "bounded:0.3"), false);
        assertThat(objects()).isGreaterThan(objects);
        objects = objects();
        assertUnchanged(pack(options), false);
        assertThat(objects()).as("a commit for each").isEqualTo(objects + MEMBERS);
        assertUnchanged(pack(options), true);
    }

    @Test
    void aWishIsOfItsBase() throws IOException {
        assertUnchanged(pack("--fidelity", "bounded:0.05"), false);
        Path other = model("other", 99);
        List<String> all = new ArrayList<>(List.of("pack", "--store", store, "--base", other.toString(), "--json",
                "--fidelity", "bounded:0.05"));
        members.forEach(member -> all.add(member.toString()));
        assertUnchanged(run(all.toArray(String[]::new)), false);
    }

    @Test
    void hintsThatAreWrongAreNotFollowed() throws IOException {
        assertUnchanged(pack("--fidelity", "bounded:0.05"), false);
        List<Path> hints = new ArrayList<>();
        try (Stream<Path> files = Files.walk(Path.of(store, "codings"))) {
            files.filter(Files::isRegularFile).sorted().forEach(hints::add);
        }
        assertThat(hints).hasSize(MEMBERS);
        Files.copy(hints.get(0), hints.get(1), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(hints.get(2), "nonsense");
        Files.writeString(hints.get(3), "record " + "0".repeat(64) + "\n");
        assertThat(pack("--fidelity", "bounded:0.05").status()).isZero();
        assertThat(run("verify", "--store", store).status()).isZero();
        for (int m = 1; m <= MEMBERS; m++) {
            assertThat(unpack("fam/m" + m, "near" + m).status()).isZero();
            assertThat(worst(folder.resolve("near" + m).resolve(WEIGHTS), members.get(m - 1))).isLessThan(0.05001);
        }
    }

    @Test
    void aRateBoundsTheBitsOfTheFirstLayer() throws IOException {
        double before = 0;
        for (int m = 1; m <= MEMBERS; m++) {
            model("m" + m, m, 1, 2e-3);
        }
        for (double rate : new double[] {1, 2, 4}) {
            assertUnchanged(pack("--rate", Double.toString(rate)), false);
            JsonNode layer = weights("fam/m3").path("layer");
            double bits = 8 * layer.path("stored_bytes").asDouble() / (ROWS * COLUMNS);
            // What is before the layer's data, of one size in all records, counts among its bytes here.
            assertThat(bits).isBetween(before, rate + 8 * 500.0 / (ROWS * COLUMNS)).isGreaterThan(before);
            assertThat(layer.path("relative_error").asDouble()).isBetween(1e-4, 1.0);
            before = bits;
            assertThat(unpack("fam/m3", "rate" + rate).status()).isZero();
            assertThat(folder.resolve("rate" + rate).resolve(WEIGHTS))
                    .hasSameBinaryContentAs(members.get(2).resolve(WEIGHTS));
        }
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    /** The exact record of a file would predict the file, and leave a layer nothing to say. */
    @Test
    void aLayerIsAddedToWhatWasPackedWithoutOne() throws IOException {
        assertUnchanged(pack(), false);
        assertUnchanged(pack("--step", "16"), false);
        assertThat(weights("fam/m2").path("layer").path("relative_error").asDouble()).isBetween(1e-4, 1.0);
        assertUnchanged(pack("--step", "0.5"), false);
        assertThat(weights("fam/m2").path("layer").path("relative_error").asDouble()).isBetween(1e-4, 1.0);
    }

    @Test
    void anEnergyIsKept() throws IOException {
        for (double energy : new double[] {0.5, 0.99}) {
            Outcome packed = pack("--energy", Double.toString(energy));
            assertThat(packed.status()).as(packed.err()).isZero();
            for (int m = 1; m <= MEMBERS; m++) {
                double left = weights("fam/m" + m).path("layer").path("relative_error").asDouble();
                assertThat(1 - left * left).isBetween(energy, 0.99999999);
            }
            assertThat(packed.err()).doesNotContain("keep less");
        }
        Outcome most = pack("--energy", "0.9999999");
        assertUnchanged(most, false);
        assertThat(most.err()).contains("keep less than 0.9999999 of the energy");
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "-1", "1.5", "NaN", "much"})
    void anEnergyIsAPart(String text) {
        Outcome refused = pack("--energy", text);
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("--energy");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--energy 0.5 --rate 1", "--step 1 --energy 0.5", "--rate 1 --step 1"})
    void oneWishSaysTheLayersSize(String options) {
        Outcome refused = pack(options.split(" "));
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("give one");
    }

    private Path object(String hex) {
        return Path.of(store, "objects", hex.substring(0, 2), hex.substring(2));
    }

    private static String basisOf(JsonNode weights) {
        for (JsonNode dependency : weights.path("dependencies")) {
            if (dependency.path("role").asString().equals("basis")) {
                return dependency.path("object").asString();
            }
        }
        throw new AssertionError("no basis in " + weights);
    }

    @Test
    void aMissingOrCutBasisIsToldByItsDigest() throws IOException {
        assertThat(pack("--step", "1.6").status()).isZero();
        String basis = basisOf(weights("fam/m1"));
        Path file = object(basis);
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 40));
        Outcome cut = unpack("fam/m1", "cut");
        assertThat(cut.status()).isEqualTo(1);
        // The object is named by its place in the store, which its digest says.
        assertThat(cut.err()).contains("TRUNCATED", basis.substring(0, 2) + "/" + basis.substring(2));
        assertThat(run("verify", "--store", store).status()).isEqualTo(1);
        Files.delete(file);
        Outcome missing = unpack("fam/m1", "missing");
        assertThat(missing.status()).isEqualTo(1);
        assertThat(missing.err()).contains(basis).contains("MISSING_DEPENDENCY");
        assertThat(folder.resolve("missing").resolve(WEIGHTS)).doesNotExist();
        Outcome verified = run("verify", "--store", store);
        assertThat(verified.status()).isEqualTo(1);
        assertThat(verified.err()).contains("fam/m1");
        Files.write(file, whole);
        assertThat(unpack("fam/m1", "again").status()).isZero();
    }

    @Test
    void theRecordsApiTellsOfTheLayer() throws Exception {
        assertThat(pack("--step", "1.6").status()).isZero();
        JsonNode inspected = weights("fam/m1");
        try (ObjectStore opened = Stores.openOrCreate(store);
                StoreServer server = StoreServer.start(
                        opened, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), HttpLimits.DEFAULT,
                        1 << 20);
                HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create(server.url()
                    + "/api/weightspan/v1/repos/fam/m1/revision/main");
            HttpResponse<String> answer =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(200);
            for (JsonNode file : JsonMapper.shared().readTree(answer.body()).path("files")) {
                if (!file.path("path").asString().equals(WEIGHTS)) {
                    assertThat(file.has("layer")).isFalse();
                    continue;
                }
                byte[] record = Files.readAllBytes(object(file.path("object").path("sha256").asString()));
                long length = ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).getLong(40);
                JsonNode layer = file.path("layer");
                assertThat(layer.path("size").asLong()).isEqualTo(length).isLessThan(record.length);
                byte[] part = Arrays.copyOf(record, (int) length);
                assertThat(layer.path("sha256").asString())
                        .isEqualTo(Digest.sha256(MemorySegment.ofArray(part)).hex());
                try (Container container = Container.open(
                        ByteSource.of("record", MemorySegment.ofArray(record)), Verification.FULL)) {
                    assertThat(layer.path("file_sha256").asString())
                            .isEqualTo(container.layerDigest().orElseThrow().hex());
                }
                List<String> needed = new ArrayList<>();
                layer.path("dependencies").forEach(one -> needed.add(one.asString()));
                assertThat(needed).contains(basisOf(inspected)).hasSize(2);
            }
        }
    }
}
