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
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.CommonOps_DDRM;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Trains in a family's subspace: directions go out, coefficients come back. */
class SubspaceCommandsTest {

    private static final int ROWS = 80;
    private static final int COLUMNS = 96;
    private static final int RANK = 6;
    private static final int UNSEEN = 100;

    @TempDir
    Path folder;

    private String store;
    private final float[] base = gaussian(new Random(1), ROWS * COLUMNS, 1);
    private final float[] left = gaussian(new Random(2), ROWS * RANK, 1);
    private final float[] right = gaussian(new Random(3), RANK * COLUMNS, 1);

    @BeforeEach
    void packAFamilyThatSharesDirections() throws IOException {
        store = folder.resolve("store").toString();
        model("models/base", base);
        List<String> arguments = new ArrayList<>(
                List.of("pack", "--store", store, "--step", "1", "--json", "--base", path("models/base")));
        for (int i = 1; i <= 6; i++) {
            model("models/tuned-" + i, member(i));
            arguments.add(path("models/tuned-" + i));
        }
        run(arguments.toArray(new String[0])).json();
    }

    @Test
    void unseenMemberFittedByLeastSquaresComesBackWithinItsError() throws IOException {
        JsonNode json = run("export-basis", "--store", store, "models", "--to", path("basis"), "--json").json();
        assertThat(JsonMapper.shared().readTree(Files.readString(folder.resolve("basis/basis.json")))).isEqualTo(json);
        assertThat(json.path("base").path("repo").asString()).isEqualTo("models/base");
        assertThat(json.path("slots")).hasSize(1);
        JsonNode slot = json.path("slots").get(0);
        CommandRuns.Tensors directions = CommandRuns.read(folder.resolve("basis/basis.safetensors"));
        Matrix l = directions.get(slot.path("left").asString());
        Matrix r = directions.get(slot.path("right").asString());
        assertThat(l.shape()).containsExactly(slot.path("k").asLong(), (long) ROWS);
        assertThat(r.shape()).containsExactly(slot.path("l").asLong(), (long) COLUMNS);
        assertThat(slot.path("k").asInt()).isGreaterThanOrEqualTo(RANK);

        float[] unseen = member(UNSEEN);
        DMatrixRMaj difference = new DMatrixRMaj(ROWS, COLUMNS);
        for (int i = 0; i < unseen.length; i++) {
            difference.data[i] = (double) unseen[i] - base[i];
        }
        float[] c = leastSquares(difference, l, r);
        Map<String, Matrix> trained = new LinkedHashMap<>();
        trained.put("w.coefficients", new Matrix(l.rows(), r.rows(), c));
        trained.put("bias", new Matrix(4, 0, new float[] {5, 6, 7, 8}));
        Path file = CommandRuns.write(folder.resolve("trained.safetensors"), trained,
                Map.of("weightspan.basis", json.path("metadata").path("weightspan.basis").asString()));
        Outcome imported = run("import-coefficients", "--store", store, "--family", "models", "--to", "models/new",
                "--config-from", "models/tuned-1", "--json", file.toString());
        assertThat(imported.json().path("slots").asInt()).isEqualTo(1);
        assertThat(imported.json().path("replaced").asInt()).isEqualTo(1);
        assertThat(imported.json().path("message").asString())
                .isEqualTo("Import coefficients of 1 tensors in basis " + json.path("basis").get(0).asString());

        assertThat(run("unpack", "--store", store, "models/new", "--to", path("out")).status()).isZero();
        CommandRuns.Tensors made = CommandRuns.read(folder.resolve("out/model.safetensors"));
        assertThat(made.get("bias").values()).containsExactly(5, 6, 7, 8);
        assertThat(folder.resolve("out/config.json")).hasContent("{}");
        float[] expected = turned(c, l, r);
        assertThat(made.get("w").values()).as("the arithmetic of basis.json, to the bit").isEqualTo(expected);
        // What least squares can't reach, computed here in binary64, and the whole of what is to be reached.
        double residual = error(unseen, product(c, l, r));
        double norm = error(unseen, new double[unseen.length]);
        assertThat(norm).isGreaterThan(10 * residual);
        double[] got = new double[unseen.length];
        for (int i = 0; i < got.length; i++) {
            got[i] = (double) made.get("w").values()[i] - base[i];
        }
        assertThat(error(unseen, got)).isBetween(residual * 0.999, residual * 1.001);
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @Test
    void fewerCoefficientsAreThoseOfTheFirstDirections() throws IOException {
        run("export-basis", "--store", store, "models", "--to", path("basis"), "--json").json();
        CommandRuns.Tensors directions = CommandRuns.read(folder.resolve("basis/basis.safetensors"));
        Path file = CommandRuns.write(folder.resolve("one.safetensors"),
                Map.of("w.coefficients", new Matrix(1, 1, new float[] {0.5f})), Map.of());
        assertThat(run("import-coefficients", "--store", store, "--family", "models", "--to", "models/new",
                file.toString()).status()).isZero();
        assertThat(run("unpack", "--store", store, "models/new", "--to", path("out")).status()).isZero();
        CommandRuns.Tensors made = CommandRuns.read(folder.resolve("out/model.safetensors"));
        float[] l = directions.get("w.left").values();
        float[] r = directions.get("w.right").values();
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                float t = 0.5f * r[j];
                float d = l[i] * t;
                assertThat(made.get("w").values()[i * COLUMNS + j]).isEqualTo(base[i * COLUMNS + j] + d);
            }
        }
        assertThat(made.get("bias").values()).as("the base's").containsExactly(1, 2, 3, 4);
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        assertThat(imported(Map.of("v.coefficients", new Matrix(1, 1, new float[1])), Map.of()))
                .satisfies(o -> assertThat(o.status()).isEqualTo(1))
                .satisfies(o -> assertThat(o.err()).contains("tensor v.coefficients is neither"));
        assertThat(imported(Map.of("w.coefficients", new Matrix(200, 1, new float[200])), Map.of()).err())
                .contains("tensor w.coefficients must be F32 [").contains("and is F32 [200, 1]");
        assertThat(imported(Map.of("w.coefficients", new Matrix(1, 1, new float[] {Float.NaN})), Map.of()).err())
                .contains("tensor w.coefficients holds NaN at [0, 0]");
        float[] large = {Float.MAX_VALUE, Float.MAX_VALUE, Float.MAX_VALUE, Float.MAX_VALUE};
        assertThat(imported(Map.of("bias", new Matrix(3, 0, new float[3])), Map.of()).err())
                .contains("tensor bias must be F32 [4] as the base's and is F32 [3]");
        assertThat(imported(Map.of("bias", new Matrix(4, 0, large)), Map.of()).err())
                .contains("has no tensor SLOT.coefficients");
        assertThat(imported(Map.of("w.coefficients", new Matrix(1, 1, new float[1])),
                Map.of("weightspan.basis", "0".repeat(64))).err())
                .contains("is of basis 0000", "export that and train in it");
        assertThat(run("list", "--store", store, "--json").json()).hasSize(7);
        assertThat(run("export-basis", "--store", store, "none", "--to", path("x")).status()).isEqualTo(2);
        assertThat(run("import-coefficients", "--store", store, "--family", "models", "--to", "models/new", "none")
                .status()).isEqualTo(2);
        for (String command : List.of("export-basis", "import-coefficients")) {
            assertThat(run(command, "--help").out()).contains("Examples:", "weightspan " + command + " --store");
        }
    }

    @Test
    void filesThatAreThereStay() throws IOException {
        Files.createDirectories(folder.resolve("basis"));
        Files.writeString(folder.resolve("basis/basis.json"), "mine");
        Outcome refused = run("export-basis", "--store", store, "models", "--to", path("basis"));
        assertThat(refused.status()).isEqualTo(2);
        assertThat(folder.resolve("basis/basis.json")).hasContent("mine");
        assertThat(folder.resolve("basis/basis.safetensors")).doesNotExist();
    }

    private Outcome imported(Map<String, Matrix> tensors, Map<String, String> metadata) throws IOException {
        Path file = CommandRuns.write(folder.resolve("bad.safetensors"), tensors, metadata);
        return run("import-coefficients", "--store", store, "--family", "models", "--to", "models/bad",
                file.toString());
    }

    /** C that makes left^T C right nearest to a difference: pinv(left^T) D pinv(right). */
    private static float[] leastSquares(DMatrixRMaj difference, Matrix left, Matrix right) {
        DMatrixRMaj l = new DMatrixRMaj(ROWS, left.rows());
        DMatrixRMaj r = new DMatrixRMaj(COLUMNS, right.rows());
        CommonOps_DDRM.transpose(matrix(left), l);
        CommonOps_DDRM.transpose(matrix(right), r);
        DMatrixRMaj turned = new DMatrixRMaj(left.rows(), COLUMNS);
        CommonOps_DDRM.solve(l, difference, turned);
        DMatrixRMaj transposed = new DMatrixRMaj(COLUMNS, left.rows());
        CommonOps_DDRM.transpose(turned, transposed);
        DMatrixRMaj c = new DMatrixRMaj(right.rows(), left.rows());
        CommonOps_DDRM.solve(r, transposed, c);
        float[] values = new float[left.rows() * right.rows()];
        for (int a = 0; a < left.rows(); a++) {
            for (int b = 0; b < right.rows(); b++) {
                values[a * right.rows() + b] = (float) c.get(b, a);
            }
        }
        return values;
    }

    private static DMatrixRMaj matrix(Matrix from) {
        DMatrixRMaj matrix = new DMatrixRMaj(from.rows(), from.columns());
        for (int i = 0; i < from.values().length; i++) {
            matrix.data[i] = from.values()[i];
        }
        return matrix;
    }

    /** The result as basis.json describes the arithmetic. */
    private float[] turned(float[] c, Matrix left, Matrix right) {
        float[] result = new float[ROWS * COLUMNS];
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                float d = 0;
                for (int a = 0; a < left.rows(); a++) {
                    float t = 0;
                    for (int b = 0; b < right.rows(); b++) {
                        t += c[a * right.rows() + b] * right.values()[b * COLUMNS + j];
                    }
                    d += left.values()[a * ROWS + i] * t;
                }
                result[i * COLUMNS + j] = base[i * COLUMNS + j] + d;
            }
        }
        return result;
    }

    private static double[] product(float[] c, Matrix left, Matrix right) {
        DMatrixRMaj turned = new DMatrixRMaj(left.rows(), COLUMNS);
        DMatrixRMaj result = new DMatrixRMaj(ROWS, COLUMNS);
        CommonOps_DDRM.mult(matrix(new Matrix(left.rows(), right.rows(), c)), matrix(right), turned);
        CommonOps_DDRM.multTransA(matrix(left), turned, result);
        return result.data;
    }

    /** The norm of what a difference from the base lacks of a member's. */
    private double error(float[] member, double[] difference) {
        double square = 0;
        for (int i = 0; i < member.length; i++) {
            double lack = (double) member[i] - base[i] - difference[i];
            square += lack * lack;
        }
        return Math.sqrt(square);
    }

    /** base + left C right and a little noise. */
    private float[] member(int seed) {
        Random random = new Random(1000 + seed);
        float[] core = gaussian(random, RANK * RANK, 1e-2);
        float[] values = new float[ROWS * COLUMNS];
        for (int i = 0; i < ROWS; i++) {
            for (int j = 0; j < COLUMNS; j++) {
                double sum = base[i * COLUMNS + j] + 1e-4 * random.nextGaussian();
                for (int a = 0; a < RANK; a++) {
                    for (int b = 0; b < RANK; b++) {
                        sum += left[i * RANK + a] * core[a * RANK + b] * right[b * COLUMNS + j];
                    }
                }
                values[i * COLUMNS + j] = (float) sum;
            }
        }
        return values;
    }

    private static float[] gaussian(Random random, int n, double size) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) (size * random.nextGaussian());
        }
        return values;
    }

    private void model(String name, float[] w) throws IOException {
        Map<String, Matrix> tensors = new LinkedHashMap<>();
        tensors.put("w", new Matrix(ROWS, COLUMNS, w));
        tensors.put("bias", new Matrix(4, 0, new float[] {1, 2, 3, 4}));
        CommandRuns.write(folder.resolve(name).resolve("model.safetensors"), tensors, Map.of());
        Files.writeString(folder.resolve(name).resolve("config.json"), "{}");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }
}
