package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Matrix;
import io.weightspan.server.commands.CommandRuns.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A family whose members fall into two groups, each with directions of its own. */
class GroupedFamilyTest {

    private static final int SIDE = 96;
    private static final int MEMBERS = 16;

    @TempDir
    Path folder;

    private static double[][] rotation(Random random) {
        double[][] q = new double[SIDE][SIDE];
        for (int t = 0; t < SIDE; t++) {
            for (int i = 0; i < SIDE; i++) {
                q[t][i] = random.nextGaussian();
            }
            for (int s = 0; s < t; s++) {
                double dot = 0;
                for (int i = 0; i < SIDE; i++) {
                    dot += q[s][i] * q[t][i];
                }
                for (int i = 0; i < SIDE; i++) {
                    q[t][i] -= dot * q[s][i];
                }
            }
            double norm = 0;
            for (double x : q[t]) {
                norm += x * x;
            }
            for (int i = 0; i < SIDE; i++) {
                q[t][i] /= Math.sqrt(norm);
            }
        }
        return q;
    }

    /** Coefficients that fall along both sides' directions, turned. */
    private static double[] turned(double[][] left, double[][] right, double size, Random random) {
        double[][] half = new double[SIDE][SIDE];
        for (int a = 0; a < SIDE; a++) {
            for (int b = 0; b < SIDE; b++) {
                double c = size * random.nextGaussian() * Math.pow(2, -(a + b) / 12.0);
                for (int j = 0; j < SIDE; j++) {
                    half[a][j] += c * right[b][j];
                }
            }
        }
        double[] w = new double[SIDE * SIDE];
        for (int a = 0; a < SIDE; a++) {
            for (int i = 0; i < SIDE; i++) {
                for (int j = 0; j < SIDE; j++) {
                    w[i * SIDE + j] += left[a][i] * half[a][j];
                }
            }
        }
        return w;
    }

    private String write(String name, double[] w) throws IOException {
        float[] values = new float[w.length];
        for (int i = 0; i < w.length; i++) {
            values[i] = (float) w[i];
        }
        Path to = folder.resolve("grouped").resolve(name);
        CommandRuns.write(to.resolve("model.safetensors"), Map.of("w", new Matrix(SIDE, SIDE, values)), Map.of());
        return to.toString();
    }

    @Test
    void groupsGetDirectionsOfTheirOwnAndNewcomersThoseOfTheirGroup() throws IOException {
        Random random = new Random(1);
        double[] base = new double[SIDE * SIDE];
        for (int i = 0; i < base.length; i++) {
            base[i] = 0.02 * random.nextGaussian();
        }
        List<String> command = new ArrayList<>(
                List.of("pack", "--store", store(), "--base", write("base", base)));
        List<String> newcomers = new ArrayList<>();
        for (int group = 0; group < 2; group++) {
            double[][] left = rotation(random);
            double[][] right = rotation(random);
            double[] common = turned(left, right, 0.06, random);
            for (int member = 0; member <= MEMBERS; member++) {
                double[] own = turned(left, right, 0.03, random);
                double[] w = base.clone();
                for (int i = 0; i < w.length; i++) {
                    w[i] += common[i] + own[i];
                }
                (member < MEMBERS ? command : newcomers).add(write("m" + group + "-" + member, w));
            }
        }
        Outcome packed = run(command.toArray(String[]::new));
        assertThat(packed.status()).as(packed.err()).isZero();
        assertThat(packed.err()).contains("32 files fall into 2 groups with directions of their own");
        assertThat(packed.err().lines().filter(line -> line.contains("new directions to 16 files"))).hasSize(2);
        String[] bases = {basis("m0-0"), basis("m1-0")};
        assertThat(bases[0]).isNotEmpty().isNotEqualTo(bases[1]);
        for (int group = 0; group < 2; group++) {
            Path newcomer = Path.of(newcomers.get(group));
            String name = newcomer.getFileName().toString();
            Outcome added = run("pack", "--store", store(), "--base", "grouped/base", newcomer.toString());
            assertThat(added.status()).as(added.err()).isZero();
            assertThat(basis(name)).isEqualTo(bases[group]);
            Path out = folder.resolve("out").resolve(name);
            Outcome unpacked = run("unpack", "--store", store(), "grouped/" + name, "--to", out.toString());
            assertThat(unpacked.status()).as(unpacked.err()).isZero();
            assertThat(out.resolve("model.safetensors")).hasSameBinaryContentAs(newcomer.resolve("model.safetensors"));
        }
    }

    private String store() {
        return folder.resolve("store").toString();
    }

    /** The bases that a member's record needs. */
    private String basis(String name) {
        StringBuilder found = new StringBuilder();
        for (JsonNode file : run("inspect", "--store", store(), "grouped/" + name, "--json").json().path("files")) {
            for (JsonNode dependency : file.path("dependencies")) {
                if (dependency.path("role").asString().equals("basis")) {
                    found.append(dependency.path("object").asString());
                }
            }
        }
        return found.toString();
    }
}
