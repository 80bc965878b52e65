package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.server.commands.CommandRuns.Matrix;
import io.weightspan.server.commands.CommandRuns.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class MergeCommandTest {

    private static final int ROWS = 48;
    private static final int COLUMNS = 64;

    @TempDir
    Path folder;

    private String store;

    @BeforeEach
    void name() {
        store = folder.resolve("store").toString();
    }

    @Test
    void differencesFromTheBaseAreSummedAndTheResultIsAnOrdinaryRecord() throws IOException {
        packFamily();
        JsonNode json = run("merge", "--store", store, "--to", "models/both", "--json", "models/one=0.5",
                "models/two=-0.25")
                .json();
        assertThat(json.path("repo").asString()).isEqualTo("models/both");
        assertThat(json.path("sources")).hasSize(2);
        assertThat(json.path("sources").get(1).path("weight").asDouble()).isEqualTo(-0.25);
        String revision = json.path("sources").get(0).path("revision").asString();
        assertThat(json.path("message").asString())
                .startsWith("Merge models/one=0.5 (" + revision + "), models/two=-0.25 (")
                .contains(" upon models/base (");
        assertThat(json.path("stored_bytes").asLong()).isPositive().isLessThan(json.path("bytes").asLong());
        CommandRuns.Tensors merged = unpacked("models/both");
        float[] base = values(0);
        float[] one = values(1);
        float[] two = values(2);
        for (int i = 0; i < base.length; i++) {
            double sum = 0.5 * ((double) one[i] - base[i]) + -0.25 * ((double) two[i] - base[i]);
            assertThat(merged.get("w").values()[i]).isEqualTo((float) (base[i] + sum));
        }
        assertThat(folder.resolve("out/config.json")).hasContent("{\"of\": 1}");
        assertThat(run("verify", "--store", store).status()).isZero();
        JsonNode inspected = run("inspect", "--store", store, "models/both", "--json").json();
        assertThat(inspected.toString()).contains("\"role\":\"base\"");
    }

    @Test
    void oneMemberOfWeightOneIsItself() throws IOException {
        packFamily();
        run("merge", "--store", store, "--to", "models/same", "--json", "models/one=1").json();
        unpacked("models/same");
        assertThat(folder.resolve("out/model.safetensors"))
                .hasSameBinaryContentAs(folder.resolve("models/one/model.safetensors"));
    }

    @Test
    void withoutABaseTensorsAreSummedAndWeightsNormalizedOnlyOnDemand() throws IOException {
        model("solo/a", Map.of("w", matrix(1)));
        model("solo/b", Map.of("w", matrix(2)));
        run("pack", "--store", store, path("solo/a"), path("solo/b"));
        run("merge", "--store", store, "--to", "solo/sum", "--json", "solo/a=2", "solo/b=2").json();
        Outcome normalized = run("merge", "--store", store, "--to", "solo/mean", "--normalize", "--json", "solo/a=2",
                "solo/b=2");
        assertThat(normalized.json().path("sources").get(0).path("weight").asDouble()).isEqualTo(0.5);
        assertThat(normalized.json().path("base").isNull()).isTrue();
        float[] sum = unpacked("solo/sum").get("w").values().clone();
        float[] mean = unpacked("solo/mean").get("w").values();
        for (int i = 0; i < sum.length; i++) {
            assertThat(sum[i]).isEqualTo((float) (2.0 * values(1)[i] + 2.0 * values(2)[i]));
            assertThat(mean[i]).isEqualTo((float) (0.5 * values(1)[i] + 0.5 * values(2)[i]));
        }
        assertThat(run("merge", "--store", store, "--to", "solo/none", "--normalize", "solo/a=1", "solo/b=-1").status())
                .isEqualTo(2);
    }

    /** A base and members that differ from it along three directions, of sizes of their own, and a little noise. */
    private void packSharing() throws IOException {
        float[] base = values(0);
        float[] axes = values(9);
        List<String> folders = new ArrayList<>();
        model("near/base", Map.of("w", new Matrix(ROWS, COLUMNS, base)));
        for (int m = 1; m <= 5; m++) {
            Random own = new Random(m);
            float[] w = base.clone();
            for (int k = 0; k < 3; k++) {
                double size = own.nextGaussian();
                for (int i = 0; i < w.length; i++) {
                    w[i] += (float) (size * axes[k * ROWS + i / COLUMNS] * axes[1000 + k * COLUMNS + i % COLUMNS]);
                }
            }
            for (int i = 0; i < w.length; i++) {
                w[i] += (float) (1e-3 * own.nextGaussian());
            }
            model("near/m" + m, Map.of("w", new Matrix(ROWS, COLUMNS, w)));
            folders.add(path("near/m" + m));
        }
        List<String> arguments = new ArrayList<>(
                List.of("pack", "--store", store, "--base", path("near/base"), "--step", "0.5", "--json"));
        arguments.addAll(folders);
        run(arguments.toArray(String[]::new)).json();
    }

    private float[] unpackedAtSpan(String repo, String to) throws IOException {
        assertThat(run("unpack", "--store", store, repo, "--to", path(to), "--fidelity", "span").status()).isZero();
        return CommandRuns.read(folder.resolve(to).resolve("model.safetensors")).get("w").values();
    }

    @Test
    void atSpanLayersAreSummedAndALayerIsStored() throws IOException {
        packSharing();
        JsonNode json = run("merge", "--store", store, "--to", "near/sum", "--fidelity", "span", "--json",
                "near/m1=0.7", "near/m2=-0.4").json();
        JsonNode exact = run("merge", "--store", store, "--to", "near/exact", "--json", "near/m1=0.7", "near/m2=-0.4")
                .json();
        assertThat(json.path("stored_bytes").asLong()).isLessThan(exact.path("stored_bytes").asLong() / 3);
        JsonNode weights = run("inspect", "--store", store, "near/sum", "--json").json().path("files").get(0);
        assertThat(weights.path("path").asString()).isEqualTo("model.safetensors");
        assertThat(weights.path("fidelity").asString()).isEqualTo("span");
        float[] base = values(0);
        float[] one = unpackedAtSpan("near/m1", "one");
        float[] two = unpackedAtSpan("near/m2", "two");
        float[] sum = unpackedAtSpan("near/sum", "sum");
        double error = 0;
        double energy = 0;
        double most = 0;
        for (int i = 0; i < base.length; i++) {
            double terms = 0.7 * ((double) one[i] - base[i]) + -0.4 * ((double) two[i] - base[i]);
            double e = (float) (base[i] + terms) - (double) sum[i];
            error += e * e;
            energy += Math.pow((float) (base[i] + terms) - (double) base[i], 2);
            most = Math.max(most, Math.abs(e));
        }
        double relative = Math.sqrt(error / energy);
        assertThat(relative).isLessThan(0.1);
        assertThat(weights.path("relative_error").asDouble()).isCloseTo(relative, within(1e-6));
        assertThat(weights.path("max_abs_error").asDouble()).isCloseTo(most, within(1e-6));
        // Again it is what is there, and the record uses the family's directions, which are not stored twice.
        assertThat(run("merge", "--store", store, "--to", "near/sum", "--fidelity", "span", "--json", "near/m1=0.7",
                "near/m2=-0.4").json().path("changed").asBoolean()).isFalse();
        JsonNode member = run("inspect", "--store", store, "near/m1", "--json").json().path("files").get(0);
        assertThat(member.path("dependencies").toString()).contains("\"role\":\"basis\"");
        for (JsonNode dependency : member.path("dependencies")) {
            assertThat(weights.path("dependencies").toString()).contains(dependency.path("object").asString());
        }
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @Test
    void atSpanFactorsAndOtherFidelitiesAreRefused() throws IOException {
        Map<String, Matrix> pair = new LinkedHashMap<>();
        pair.put("q.lora_A.weight", new Matrix(2, 3, new float[] {1, 2, 3, 4, 5, 6}));
        pair.put("q.lora_B.weight", new Matrix(2, 2, new float[] {1, 0, 0, 1}));
        model("lora/a", pair);
        run("pack", "--store", store, path("lora/a"));
        assertThat(run("merge", "--store", store, "--to", "lora/x", "--factors", "--fidelity", "span", "lora/a=2")
                .status()).isEqualTo(2);
        assertThat(run("merge", "--store", store, "--to", "lora/x", "--fidelity", "bounded:1", "lora/a=2").err())
                .contains("exact or span");
    }

    @Test
    void headsAreTheFirstMembers() throws IOException {
        model("heads/a",
                new LinkedHashMap<>(Map.of("w", matrix(1), "head", new Matrix(2, 2, new float[] {1, 2, 3, 4}))));
        model("heads/b", new LinkedHashMap<>(Map.of("w", matrix(2), "head", new Matrix(1, 2, new float[] {5, 6}))));
        model("heads/c", new LinkedHashMap<>(Map.of("w", matrix(3))));
        run("pack", "--store", store, path("heads/a"), path("heads/b"), path("heads/c"));
        Outcome missing = run("merge", "--store", store, "--to", "heads/ac", "heads/a=1", "heads/c=1");
        assertThat(missing.status()).isZero();
        assertThat(missing.err()).contains("1 tensors that not all members have; they are the first member's: head");
        assertThat(unpacked("heads/ac").get("head").values()).containsExactly(1, 2, 3, 4);
        Outcome dropped = run("merge", "--store", store, "--to", "heads/ca", "heads/c=1", "heads/a=1");
        assertThat(dropped.err()).contains("the first member does not have; they are left out: head");
        Outcome shapes = run("merge", "--store", store, "--to", "heads/ab", "heads/a=1", "heads/b=1");
        assertThat(shapes.status()).isEqualTo(2);
        assertThat(shapes.err()).contains("tensor head has the shape [2, 2] in heads/a and [1, 2] in heads/b");
        assertThat(
                run("merge", "--store", store, "--to", "heads/ab", "--keep-first", "heads/a=1", "heads/b=1").status())
                .isZero();
    }

    @Test
    void factorsOfProductsAreRefused() throws IOException {
        Map<String, Matrix> pair = new LinkedHashMap<>();
        pair.put("q.lora_A.weight", new Matrix(2, 3, new float[] {1, 2, 3, 4, 5, 6}));
        pair.put("q.lora_B.weight", new Matrix(2, 2, new float[] {1, 0, 0, 1}));
        model("lora/a", pair);
        run("pack", "--store", store, path("lora/a"));
        Outcome refused = run("merge", "--store", store, "--to", "lora/x", "lora/a=2");
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("sum of products", "--factors");
        run("merge", "--store", store, "--to", "lora/x", "--factors", "--json", "lora/a=2").json();
        assertThat(unpacked("lora/x").get("q.lora_A.weight").values()).containsExactly(2, 4, 6, 8, 10, 12);
    }

    @Test
    void wrongUsageEndsWithStatus2AndChangesNothing() throws IOException {
        packFamily();
        assertThat(run("merge", "--store", store, "--to", "models/x").status()).isEqualTo(2);
        for (String member : List.of("models/one", "models/one=a", "models/one=NaN", "models/one=Infinity",
                "models/none=1", "models/one@nope=1", "one=1")) {
            assertThat(run("merge", "--store", store, "--to", "models/x", member).status()).as(member).isEqualTo(2);
        }
        assertThat(run("merge", "--store", store, "--to", "x", "models/one=1").status()).isEqualTo(2);
        Outcome taken = run("merge", "--store", store, "--to", "models/two", "models/one=1");
        assertThat(taken.status()).isEqualTo(2);
        assertThat(taken.err()).contains("--force");
        assertThat(run("list", "--store", store, "--json").json()).hasSize(3);
        assertThat(run("merge", "--store", store, "--to", "models/two", "--force", "models/one=1").status()).isZero();
        // The same again needs no force, as nothing changes.
        assertThat(run("merge", "--store", store, "--to", "models/two", "models/one=1").out()).contains("Unchanged");
        assertThat(run("merge", "--help").out()).contains("Examples:", "weightspan merge --store");
    }

    @Test
    void modelsOfDifferentBasesNeedOneNamed() throws IOException {
        packFamily();
        model("other/three", Map.of("w", matrix(3)));
        run("pack", "--store", store, path("other/three"));
        Outcome mixed = run("merge", "--store", store, "--to", "models/x", "models/one=1", "other/three=1");
        assertThat(mixed.status()).isEqualTo(2);
        assertThat(mixed.err()).contains("other/three", "--base");
        JsonNode json = run("merge", "--store", store, "--to", "models/x", "--base", "models/base", "--json",
                "models/one=1", "other/three=1")
                .json();
        assertThat(json.path("base").asString()).startsWith("models/base (");
    }

    private void packFamily() throws IOException {
        model("models/base", Map.of("w", matrix(0)));
        Files.writeString(model("models/one", Map.of("w", matrix(1))).resolve("config.json"), "{\"of\": 1}");
        Files.writeString(model("models/two", Map.of("w", matrix(2))).resolve("config.json"), "{\"of\": 2}");
        run("pack", "--store", store, "--base", path("models/base"), path("models/one"), path("models/two"), "--json")
                .json();
    }

    private Path model(String name, Map<String, Matrix> tensors) throws IOException {
        CommandRuns.write(folder.resolve(name).resolve("model.safetensors"), tensors, Map.of());
        return folder.resolve(name);
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private CommandRuns.Tensors unpacked(String repo) throws IOException {
        run("unpack", "--store", store, repo, "--to", path("out"), "--force", "--json").json();
        return CommandRuns.read(folder.resolve("out/model.safetensors"));
    }

    private static Matrix matrix(int tune) {
        return new Matrix(ROWS, COLUMNS, values(tune));
    }

    /** The base's values, or those of a fine-tune of it. */
    private static float[] values(int tune) {
        Random shared = new Random(11);
        Random own = new Random(tune);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < values.length; i++) {
            float base = (float) shared.nextGaussian();
            values[i] = tune == 0 ? base : base + (float) (1e-3 * own.nextGaussian());
        }
        return values;
    }
}
