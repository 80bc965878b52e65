package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Matrix;
import io.weightspan.server.commands.CommandRuns.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A family that grows: newcomers whose differences lie outside of its directions bring a segment of their own. */
class FamilyGrowthTest {

    private static final int ROWS = 160;
    private static final int COLUMNS = 128;
    /** Directions that each generation of members brings. */
    private static final int EACH = 5;

    @TempDir
    Path folder;

    private String store;
    private final float[] base = gaussian(new Random(1), ROWS * COLUMNS, 0.02);
    private final float[] left = gaussian(new Random(2), ROWS * EACH * 3, 1);
    private final float[] right = gaussian(new Random(3), COLUMNS * EACH * 3, 1);

    /** What was stored of each member when it was added: the commit and the record's bytes. */
    private final Map<String, String> revisions = new LinkedHashMap<>();

    private final Map<Path, byte[]> objects = new LinkedHashMap<>();

    @BeforeEach
    void packBase() throws IOException {
        store = folder.resolve("store").toString();
        write("base", base.clone());
        assertThat(run("pack", "--store", store, path("base")).status()).isZero();
    }

    private static float[] gaussian(Random random, int n, double size) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (size * random.nextGaussian());
        }
        return values;
    }

    private String path(String name) {
        return folder.resolve("grow").resolve(name).toString();
    }

    private void write(String name, float[] w) throws IOException {
        CommandRuns.write(folder.resolve("grow").resolve(name).resolve("model.safetensors"),
                Map.of("w", new Matrix(ROWS, COLUMNS, w)), Map.of());
    }

    /** A member of generation 0, 1 or 2: it has the directions of those before it and more of its own. */
    private String member(int generation, int index) throws IOException {
        String name = "g" + generation + "-" + index;
        Random random = new Random(100 * generation + index);
        float[] w = base.clone();
        for (int k = 0; k < EACH * (generation + 1); k++) {
            // Every direction is worth its bytes to whoever has it.
            float size = (float) ((random.nextBoolean() ? 1 : -1) * (3 + 3 * random.nextDouble()) * 1e-3);
            for (int i = 0; i < w.length; i++) {
                w[i] += size * left[k * ROWS + i / COLUMNS] * right[k * COLUMNS + i % COLUMNS];
            }
        }
        for (int i = 0; i < w.length; i++) {
            w[i] += (float) (random.nextGaussian() * 2e-4);
        }
        write(name, w);
        return name;
    }

    /** Packs members, and returns what was said. */
    private String add(int generation, int from, int to) throws IOException {
        List<String> names = new ArrayList<>();
        List<String> arguments = new ArrayList<>(List.of("pack", "--store", store, "--base", "grow/base", "--json"));
        for (int m = from; m < to; m++) {
            names.add(member(generation, m));
            arguments.add(path(names.getLast()));
        }
        Outcome packed = run(arguments.toArray(String[]::new));
        for (JsonNode repo : packed.json().path("repos")) {
            assertThat(repo.path("changed").asBoolean()).isTrue();
            revisions.put(repo.path("repo").asString(), repo.path("revision").asString());
        }
        for (String name : names) {
            List<String> needed = new ArrayList<>(basis(name));
            needed.add(weights(name).path("object").asString());
            for (String object : needed) {
                Path file = object(object);
                objects.putIfAbsent(file, Files.readAllBytes(file));
            }
        }
        return packed.err();
    }

    private Path object(String hex) {
        return Path.of(store, "objects", hex.substring(0, 2), hex.substring(2));
    }

    private JsonNode weights(String name) {
        return run("inspect", "--store", store, "grow/" + name, "--json").json().path("files").get(0);
    }

    /** The segments that a member's record needs, in its order. */
    private Set<String> basis(String name) {
        Set<String> segments = new LinkedHashSet<>();
        for (JsonNode dependency : weights(name).path("dependencies")) {
            if (dependency.path("role").asString().equals("basis")) {
                segments.add(dependency.path("object").asString());
            }
        }
        return segments;
    }

    /** Everything that was ever added is as it was, byte for byte, and decodes. */
    private void assertNothingOlderChanged() throws IOException {
        for (JsonNode repo : run("list", "--store", store, "--json").json()) {
            String name = repo.path("repo").asString();
            if (!name.equals("grow/base")) {
                assertThat(repo.path("revision").asString()).as(name).isEqualTo(revisions.get(name));
            }
        }
        for (Map.Entry<Path, byte[]> object : objects.entrySet()) {
            assertThat(Files.readAllBytes(object.getKey())).isEqualTo(object.getValue());
        }
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @Test
    void tenAdditionsAndTwoExtensionsChangeNothingOlder() throws IOException {
        assertThat(add(0, 0, 6)).contains("new directions to 6 files");
        assertNothingOlderChanged();
        Set<String> first = basis("g0-0");
        assertThat(first).hasSize(1);
        // What lies inside of the known directions uses them, and brings none.
        assertThat(add(0, 6, 7)).doesNotContain("fitted");
        assertThat(basis("g0-6")).isEqualTo(first);
        assertNothingOlderChanged();
        assertThat(add(1, 0, 4)).contains("directions added to known ones to 4 files");
        Set<String> second = basis("g1-0");
        assertThat(second).hasSize(2).containsAll(first);
        assertNothingOlderChanged();
        assertThat(add(1, 4, 5)).doesNotContain("fitted");
        assertThat(basis("g1-4")).isEqualTo(second);
        assertThat(add(2, 0, 4)).contains("directions added to known ones to 4 files");
        assertThat(basis("g2-0")).hasSize(3).containsAll(second);
        assertNothingOlderChanged();
        assertThat(revisions).hasSize(16);
        for (int m = 0; m < 4; m++) {
            String to = folder.resolve("out" + m).toString();
            assertThat(run("unpack", "--store", store, "grow/g" + m % 3 + "-" + m, "--to", to).status()).isZero();
            assertThat(Path.of(to, "model.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("grow/g" + m % 3 + "-" + m + "/model.safetensors"));
        }
    }
}
