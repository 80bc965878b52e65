package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Matrix;
import io.weightspan.server.commands.CommandRuns.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of one run, each nearest to the one before it, with directions that all of them share. */
class ChainTest {
    private static final int SIDE = 64;
    private static final int LONG = 20_000;
    private static final int MEMBERS = 7;

    @TempDir
    Path folder;

    private static float[] gaussian(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private List<String> write() throws IOException {
        Random random = new Random(5);
        float[] shared = gaussian(random, 2 * SIDE);
        float[] walk = gaussian(random, LONG);
        List<String> paths = new ArrayList<>();
        for (int m = 0; m < MEMBERS; m++) {
            float[] sizes = gaussian(random, 2 * SIDE);
            float[] w = new float[SIDE * SIDE];
            for (int i = 0; i < w.length; i++) {
                int column = i % SIDE;
                w[i] = shared[i / SIDE] * sizes[column] + shared[SIDE + i / SIDE] * sizes[SIDE + column];
            }
            Map<String, Matrix> tensors = new LinkedHashMap<>();
            tensors.put("w", new Matrix(SIDE, SIDE, w));
            tensors.put("walk", new Matrix(LONG, 0, walk.clone()));
            Path member = folder.resolve("chain").resolve("m" + m);
            CommandRuns.write(member.resolve("model.safetensors"), tensors, Map.of());
            paths.add(member.toString());
            float[] step = gaussian(random, LONG);
            for (int i = 0; i < LONG; i++) {
                walk[i] += 1e-3f * step[i];
            }
        }
        return paths;
    }

    /** A layer makes every file deeper than its siblings make it: chains must end before R-LIM-014. */
    @ParameterizedTest
    @ValueSource(strings = {"--step=1.8", "--fidelity=exact"})
    void chainsOfSiblingsWithLayersAreNotTooDeep(String option) throws IOException {
        String store = folder.resolve("store").toString();
        List<String> arguments = new ArrayList<>(List.of("pack", "--store", store, option));
        arguments.addAll(write());
        Outcome packed = run(arguments.toArray(String[]::new));
        assertThat(packed.status()).as(packed.err()).isZero();
        assertThat(run("verify", "--store", store).status()).isZero();
    }
}
