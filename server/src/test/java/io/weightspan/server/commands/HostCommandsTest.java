package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.repo.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Runs the commands as the command line does, and checks what scripts rely on (design section 7). */
class HostCommandsTest {

    @TempDir
    Path folder;

    private String store;
    private Path base;
    private Path tuned;

    @BeforeEach
    void makeModels() throws IOException {
        store = folder.resolve("store").toString();
        base = TestModels.model(folder.resolve("models/base"), 7, 0, 256);
        tuned = TestModels.model(folder.resolve("models/tuned"), 7, 1, 256);
    }

    @Test
    void packReportsTheKeysThatScriptsRelyOn() {
        Outcome packed = run("pack", "--store", store, "--base", base.toString(), "--json", tuned.toString());
        assertThat(packed.status()).isZero();
        JsonNode json = packed.json();
        assertThat(json.path("family").asString()).isEqualTo("models");
        assertThat(json.path("repos")).hasSize(2);
        long bytes = 0;
        for (JsonNode repo : json.path("repos")) {
            assertThat(repo.path("revision").asString()).matches("[0-9a-f]{40}");
            assertThat(repo.path("stored_bytes").asLong()).isPositive();
            bytes += repo.path("bytes").asLong();
        }
        assertThat(json.path("repos").get(0).path("repo").asString()).isEqualTo("models/base");
        assertThat(json.path("repos").get(0).path("base").asBoolean()).isTrue();
        assertThat(json.path("bytes").asLong()).isEqualTo(bytes);
        assertThat(json.path("stored_bytes").asLong()).isPositive().isLessThan(bytes);

        JsonNode again = run("pack", "--store", store, "--base", base.toString(), "--json", tuned.toString())
                .json();
        assertThat(again.path("repos").get(1).path("changed").asBoolean()).isFalse();
        assertThat(again.path("repos").get(1).path("revision"))
                .isEqualTo(json.path("repos").get(1).path("revision"));
        assertThat(run("pack", "--store", store, tuned.toString()).out()).contains("unchanged");
    }

    @Test
    void familyNamesTheRepositories() {
        Outcome packed = run("pack", "--store", store, "--family", "acme", "--json", tuned.toString());
        assertThat(packed.json().path("family").asString()).isEqualTo("acme");
        assertThat(packed.json().path("repos").get(0).path("repo").asString()).isEqualTo("acme/tuned");
    }

    @Test
    void baseMayBeARepositoryOfTheStore() {
        run("pack", "--store", store, base.toString());
        assertThat(run("pack", "--store", store, "--base", "models/base", tuned.toString()).status()).isZero();
        JsonNode weights = weights(run("inspect", "--store", store, "models/tuned", "--json").json());
        assertThat(weights.path("dependencies").get(0).path("role").asString()).isEqualTo("base");
        assertThat(run("pack", "--store", store, "--base", "models/none", tuned.toString()))
                .satisfies(o -> assertThat(o.status()).isEqualTo(2))
                .satisfies(o -> assertThat(o.err()).contains("there is no repository models/none"));
        assertThat(run("pack", "--store", store, "--base", "/no/such", tuned.toString()).status()).isEqualTo(2);
    }

    @Test
    void listReportsEveryRepository() {
        assertThat(run("list", "--store", store).status()).as("no store").isEqualTo(3);
        run("pack", "--store", store, base.toString(), tuned.toString());
        JsonNode list = run("list", "--store", store, "--json").json();
        assertThat(list).hasSize(2);
        for (String key : List.of("repo", "revision", "family", "bytes", "stored_bytes")) {
            assertThat(list.get(0).has(key)).as(key).isTrue();
        }
        assertThat(run("list", "--store", store).out()).contains("models/base", "models/tuned", "In all");
    }

    @Test
    void inspectReportsEveryTensor() {
        run("pack", "--store", store, "--base", base.toString(), tuned.toString());
        JsonNode json = run("inspect", "--store", store, "models/tuned@main", "--json").json();
        assertThat(json.path("repo").asString()).isEqualTo("models/tuned");
        assertThat(json.path("files")).hasSize(4);
        JsonNode file = weights(json);
        for (String key : List.of("path", "bytes", "stored_bytes", "sha256", "fidelity", "tensors")) {
            assertThat(file.has(key)).as(key).isTrue();
        }
        assertThat(file.path("fidelity").asString()).isEqualTo("exact");
        JsonNode tensor = file.path("tensors").get(0);
        for (String key : List.of(
                "name", "dtype", "shape", "predictor", "bytes", "stored_bytes", "coefficient_bytes", "max_abs_error",
                "relative_error")) {
            assertThat(tensor.has(key)).as(key).isTrue();
        }
        assertThat(tensor.path("predictor").asString()).isEqualTo("base");
        assertThat(run("inspect", "--store", store, "models/tuned").out()).contains("layer.0.weight", "64x256", "base");
        assertThat(run("inspect", "--store", store, "models/tuned@nope").status()).isEqualTo(2);
    }

    @Test
    void unpackWritesTheFilesAndRefusesToOverwrite() throws IOException {
        run("pack", "--store", store, tuned.toString());
        Path to = folder.resolve("deep/out");
        assertThat(run("unpack", "--store", store, "models/tuned", "--to", to.toString()).status()).isZero();
        for (String path : List.of("model.safetensors", "config.json", "training_args.bin", "docs/notes.txt")) {
            assertThat(to.resolve(path)).hasSameBinaryContentAs(tuned.resolve(path));
        }
        Files.writeString(to.resolve("config.json"), "mine");
        Files.delete(to.resolve("docs/notes.txt"));
        Outcome refused = run("unpack", "--store", store, "models/tuned", "--to", to.toString());
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("config.json").contains("--force");
        assertThat(to.resolve("config.json")).hasContent("mine");
        assertThat(to.resolve("docs/notes.txt")).doesNotExist();
        Outcome forced = run("unpack", "--store", store, "models/tuned", "--to", to.toString(), "--force", "--json");
        assertThat(forced.json().path("written").asInt()).isEqualTo(2);
        assertThat(to.resolve("config.json")).hasSameBinaryContentAs(tuned.resolve("config.json"));
    }

    @Test
    void unpackDoesNotFollowLinksOutOfItsFolder() throws IOException {
        run("pack", "--store", store, tuned.toString());
        Path to = Files.createDirectories(folder.resolve("to"));
        Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
        Files.createSymbolicLink(to.resolve("docs"), elsewhere);
        assertThat(run("unpack", "--store", store, "models/tuned", "--to", to.toString()).status()).isEqualTo(2);
        assertThat(elsewhere).isEmptyDirectory();
    }

    @Test
    void verifyTellsWhatIsBad() throws IOException {
        run("pack", "--store", store, "--base", base.toString(), tuned.toString());
        Outcome good = run("verify", "--store", store, "--json");
        assertThat(good.status()).isZero();
        assertThat(good.json().path("verified").asBoolean()).isTrue();
        String object = weights(run("inspect", "--store", store, "models/base", "--json").json())
                .path("object")
                .asString();
        Path file = folder.resolve("store/objects/" + object.substring(0, 2) + "/" + object.substring(2));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
        Outcome bad = run("verify", "--store", store);
        assertThat(bad.status()).isEqualTo(1);
        assertThat(bad.err()).contains("models/base model.safetensors");
        assertThat(run("verify", "--store", store, "models/base").status()).isEqualTo(1);
        assertThat(run("verify", "--store", store, "models/none").status()).isEqualTo(2);
        Outcome broken = run("unpack", "--store", store, "models/base", "--to", folder.resolve("x").toString());
        assertThat(broken.status()).isEqualTo(1);
        assertThat(folder.resolve("x/model.safetensors")).doesNotExist();
    }

    @Test
    void damagedWeightsEndWithStatus1AndNothingStored() throws IOException {
        Files.writeString(tuned.resolve("model.safetensors"), "not weights");
        Outcome outcome = run("pack", "--store", store, base.toString(), tuned.toString());
        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.err()).contains("tuned/model.safetensors").contains("nothing was stored");
        assertThat(run("list", "--store", store, "--json").json()).isEmpty();
    }

    @Test
    void wrongUsageEndsWithStatus2() throws IOException {
        assertThat(run("pack", "--store", store).status()).isEqualTo(2);
        assertThat(run("pack", tuned.toString()).status()).isEqualTo(2);
        assertThat(run("pack", "--store", store, "--fidelity", "bounded:0", tuned.toString()))
                .satisfies(o -> assertThat(o.status()).isEqualTo(2))
                .satisfies(o -> assertThat(o.err()).contains("bounded:EPS"));
        assertThat(run("pack", "--store", store, "--rate", "1", "--step", "1", tuned.toString()).status())
                .isEqualTo(2);
        assertThat(run("pack", "--store", store, "--jobs", "0", tuned.toString()).status()).isEqualTo(2);
        assertThat(run("pack", "--store", store, tuned.toString(), tuned.toString()).status()).isEqualTo(2);
        assertThat(run("pack", "--store", store, folder.resolve("models").toString()).status()).isEqualTo(2);
        Path odd = Files.createDirectory(folder.resolve("models/bad name"));
        Files.writeString(odd.resolve("x"), "x");
        assertThat(run("pack", "--store", store, odd.toString()).status()).isEqualTo(2);
        assertThat(run("unpack", "--store", store, "models/tuned", "--to", "x", "--fidelity", "span").status())
                .isEqualTo(2);
    }

    @Test
    void helpShowsExamples() {
        for (String command : List.of("pack", "list", "inspect", "unpack", "verify")) {
            Outcome help = run(command, "--help");
            assertThat(help.status()).isZero();
            assertThat(help.out()).contains("Examples:", "weightspan " + command + " --store");
        }
    }

    private static JsonNode weights(JsonNode inspected) {
        for (JsonNode file : inspected.path("files")) {
            if (file.path("path").asString().equals("model.safetensors")) {
                return file;
            }
        }
        throw new AssertionError("no model.safetensors in " + inspected);
    }
}
