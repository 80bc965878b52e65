package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.MemoryFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directions of families that are made of known ones. */
class BasisFitterTest {
    private static final int ROWS = 40;
    private static final int COLUMNS = 30;

    @TempDir
    private Path folder = Path.of("");

    private static float[] random(int n, Random random) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** A member: a sum over pairs of unit directions, axis i of the rows by axis i of the columns. */
    private static MemoryFile member(float[] center, int[] rowAxes, int[] columnAxes, double... sizes) {
        float[] w = center.clone();
        for (int k = 0; k < sizes.length; k++) {
            w[rowAxes[k] * COLUMNS + columnAxes[k]] += (float) sizes[k];
        }
        return new MemoryFile().tensor("w", List.of((long) ROWS, (long) COLUMNS), w);
    }

    private static List<SharedDirections> fit(
            List<MemoryFile> members, @Nullable MemoryFile base, SafetensorsFile... known) throws IOException {
        return new BasisFitter(2, bytes -> {}).fit(members, Optional.ofNullable(base), List.of(known));
    }

    private static SharedDirections.Side left(SharedDirections slot) {
        return Objects.requireNonNull(slot.left());
    }

    private static SharedDirections.Side right(SharedDirections slot) {
        return Objects.requireNonNull(slot.right());
    }

    /** By hand: the mean of centers that BF16 holds and differences that cancel; what is left lies along one axis. */
    @Test
    void withoutABaseDifferencesAreFromTheMean() throws IOException {
        float[] center = random(ROWS * COLUMNS, new Random(1));
        for (int i = 0; i < center.length; i++) {
            center[i] = Math.round(center[i] * 10);
        }
        List<MemoryFile> members = List.of(
                member(center, new int[] {7}, new int[] {3}, 16), member(center, new int[] {7}, new int[] {3}, -16));
        List<SharedDirections> slots =
                new BasisFitter(1, bytes -> {}).takingMeans().fit(members, Optional.empty(), List.of());
        assertThat(slots).singleElement().satisfies(slot -> {
            SharedDirections.Mean mean = Objects.requireNonNull(slot.mean());
            assertThat(mean.dtype()).isEqualTo(DType.BF16);
            ShortBuffer elements = ByteBuffer.wrap(mean.elements())
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asShortBuffer();
            for (int i = 0; i < center.length; i++) {
                assertThat(Float.intBitsToFloat(elements.get(i) << 16)).isEqualTo(center[i]);
            }
            assertThat(Math.abs(left(slot).vectors()[0][7])).isCloseTo(1, within(1e-9));
            assertThat(Math.abs(right(slot).vectors()[0][3])).isCloseTo(1, within(1e-9));
        });
        Path file = folder.resolve("mean.safetensors");
        BasisFile.write(file, slots, 1);
        try (SafetensorsFile basis = SafetensorsFile.open(file)) {
            BasisSegments segments = new BasisSegments(List.of(basis));
            assertThat(segments.slots()).containsExactly("w");
            assertThat(segments.mean("w", (long) ROWS * COLUMNS)).isPresent();
            assertThat(segments.mean("w", 7)).isEmpty();
            // What is added to known directions is fitted to differences from the known mean.
            List<MemoryFile> others = List.of(
                    member(center, new int[] {9}, new int[] {5}, 8), member(center, new int[] {9}, new int[] {5}, 4));
            List<SharedDirections> added = new BasisFitter(1, bytes -> {})
                    .takingMeans()
                    .fit(others, Optional.empty(), List.of(basis));
            assertThat(added).singleElement().satisfies(slot -> {
                assertThat(slot.mean()).isNull();
                assertThat(Math.abs(left(slot).vectors()[0][9])).isCloseTo(1, within(1e-6));
            });
        }
    }

    @Test
    void unrelatedMembersHaveNoMean() throws IOException {
        List<MemoryFile> members = new ArrayList<>();
        for (int m = 0; m < 6; m++) {
            members.add(member(random(ROWS * COLUMNS, new Random(m)), new int[0], new int[0]));
        }
        assertThat(new BasisFitter(1, bytes -> {}).takingMeans().fit(members, Optional.empty(), List.of()))
                .singleElement()
                .satisfies(slot -> assertThat(slot.mean()).isNull());
    }

    /** By hand: differences along single axes, of sizes whose squares sum to 100 and 25. */
    @Test
    void directionsOfSingleAxesByHand() throws IOException {
        float[] center = random(ROWS * COLUMNS, new Random(1));
        // Whole numbers, so that adding and subtracting rounds nothing.
        for (int i = 0; i < center.length; i++) {
            center[i] = Math.round(center[i] * 10);
        }
        int[] rows = {7, 21};
        int[] columns = {3, 11};
        List<MemoryFile> members = List.of(
                member(center, rows, columns, 8, 3), member(center, rows, columns, -6, 4));
        MemoryFile base = new MemoryFile().tensor("w", List.of(40L, 30L), center);
        SharedDirections slot = fit(members, base).getFirst();
        assertThat(slot.name()).isEqualTo("w");
        assertThat(slot.rows()).isEqualTo(ROWS);
        assertThat(slot.columns()).isEqualTo(COLUMNS);
        double mean = (100 + 25) / 1_200.0;
        for (int k = 0; k < 2; k++) {
            assertThat(Math.abs(left(slot).vectors()[k][rows[k]])).isCloseTo(1, within(1e-9));
            assertThat(Math.abs(right(slot).vectors()[k][columns[k]])).isCloseTo(1, within(1e-9));
            double square = k == 0 ? 100 : 25;
            assertThat(left(slot).magnitudes()[k]).isCloseTo(Math.sqrt(square / COLUMNS / mean), within(1e-6));
            assertThat(right(slot).magnitudes()[k]).isCloseTo(Math.sqrt(square / ROWS / mean), within(1e-6));
        }
        assertThat(left(slot).magnitudes()[2]).isCloseTo(0, within(1e-5));
    }

    /** The eigenvectors of random members are orthonormal, and nothing of the members is left outside of them. */
    @Property(tries = 15)
    void directionsAreOrthonormalAndHoldTheMembers(
            @ForAll @IntRange(min = 1, max = 4) int count, @ForAll long seed) throws IOException {
        Random random = new Random(seed);
        List<MemoryFile> members = new ArrayList<>();
        List<float[]> differences = new ArrayList<>();
        float[] u = random(ROWS * 5, random);
        float[] v = random(COLUMNS * 5, random);
        for (int m = 0; m < count; m++) {
            float[] d = new float[ROWS * COLUMNS];
            for (int k = 0; k < 5; k++) {
                float size = (float) random.nextGaussian();
                for (int i = 0; i < d.length; i++) {
                    d[i] += size * u[i / COLUMNS * 5 + k] * v[i % COLUMNS * 5 + k];
                }
            }
            differences.add(d);
            members.add(new MemoryFile().tensor("w", List.of(40L, 30L), d));
        }
        SharedDirections slot = fit(members, null).getFirst();
        orthonormal(left(slot).vectors());
        orthonormal(right(slot).vectors());
        for (float[] d : differences) {
            double all = 0;
            double held = 0;
            for (float x : d) {
                all += (double) x * x;
            }
            for (int a = 0; a < 5; a++) {
                for (int j = 0; j < COLUMNS; j++) {
                    double sum = 0;
                    for (int i = 0; i < ROWS; i++) {
                        sum += left(slot).vectors()[a][i] * d[i * COLUMNS + j];
                    }
                    held += sum * sum;
                }
            }
            assertThat(held / all).isCloseTo(1, within(1e-6));
        }
    }

    private static void orthonormal(double[][] vectors) {
        for (int a = 0; a < vectors.length; a++) {
            for (int b = 0; b <= a; b++) {
                assertThat(dot(vectors[a], vectors[b])).isCloseTo(a == b ? 1 : 0, within(1e-8));
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    @Test
    void slotsNeedHalfOfTheMembersOneShapeAndACenter() throws IOException {
        Random random = new Random(1);
        float[] w = random(1_200, random);
        List<Long> shape = List.of(40L, 30L);
        List<MemoryFile> members = new ArrayList<>();
        for (int m = 0; m < 4; m++) {
            MemoryFile file = new MemoryFile()
                    .tensor("all", shape, random(1_200, random))
                    .tensor("vector", List.of(1_200L), random(1_200, random))
                    .tensor("small", List.of(30L, 30L), random(900, random))
                    .tensor("thin", List.of(1L, 1_200L), random(1_200, random))
                    .tensor("absent", shape, random(1_200, random));
            if (m < 2) {
                file.tensor("half", shape, random(1_200, random));
            }
            if (m < 1) {
                file.tensor("one", shape, random(1_200, random));
            }
            file.tensor("shapes", m == 0 ? List.of(30L, 40L) : shape, random(1_200, random));
            members.add(file);
        }
        MemoryFile base = new MemoryFile().tensor("all", shape, w).tensor("half", shape, w)
                .tensor("shapes", shape, w).tensor("one", shape, w)
                .tensor("small", List.of(30L, 30L), random(900, random))
                .tensor("vector", List.of(1_200L), w).tensor("thin", List.of(1L, 1_200L), w);
        assertThat(fit(members, base)).extracting(SharedDirections::name)
                .containsExactlyInAnyOrder("all", "half", "shapes");
        assertThat(fit(members, null)).extracting(SharedDirections::name)
                .containsExactlyInAnyOrder("all", "half", "shapes", "absent");
        assertThat(fit(members.subList(0, 1), null)).extracting(SharedDirections::name)
                .contains("all", "half", "one", "shapes");
    }

    /** A side that is too long has no directions; the other has. */
    @Test
    void aLongSideIsLeftAsItIs() throws IOException {
        Random random = new Random(2);
        List<Long> shape = List.of(2L, (long) BasisFitter.LONGEST_SIDE + 1);
        int n = 2 * (BasisFitter.LONGEST_SIDE + 1);
        List<MemoryFile> members = List.of(
                new MemoryFile().tensor("w", shape, random(n, random)),
                new MemoryFile().tensor("w", shape, random(n, random)));
        SharedDirections slot = fit(members, null).getFirst();
        assertThat(slot.right()).isNull();
        assertThat(left(slot).vectors()).hasDimensions(2, 2);
    }

    /** Members of 1,100 rows that share 20 directions, with noise: nearly all of a new one lies in them. */
    @Test
    void directionsOfALongSideAreFoundWithoutItsProducts() throws IOException {
        Random random = new Random(3);
        int rows = BasisFitter.LONGEST_GRAM + 76;
        float[] u = random(rows * 20, random);
        List<MemoryFile> members = new ArrayList<>();
        List<float[]> differences = new ArrayList<>();
        for (int m = 0; m < 4; m++) {
            float[] d = random(rows * COLUMNS, random);
            float[] core = random(20 * COLUMNS, random);
            for (int i = 0; i < d.length; i++) {
                d[i] *= 1e-3f;
                for (int k = 0; k < 20; k++) {
                    d[i] += u[i / COLUMNS * 20 + k] * core[k * COLUMNS + i % COLUMNS];
                }
            }
            differences.add(d);
            members.add(new MemoryFile().tensor("w", List.of((long) rows, 30L), d));
        }
        SharedDirections slot = fit(members.subList(0, 3), null).getFirst();
        double[][] vectors = left(slot).vectors();
        double[] magnitudes = left(slot).magnitudes();
        assertThat(magnitudes[19] / magnitudes[0]).isGreaterThan(0.3);
        assertThat(Arrays.stream(magnitudes).skip(20)).allMatch(size -> size < 0.01 * magnitudes[0]);
        for (int a = 0; a < 20; a++) {
            for (int b = 0; b <= a; b++) {
                assertThat(dot(vectors[a], vectors[b])).isCloseTo(a == b ? 1 : 0, within(1e-5));
            }
        }
        float[] d = differences.get(3);
        double all = 0;
        double held = 0;
        for (float x : d) {
            all += (double) x * x;
        }
        for (int a = 0; a < 20; a++) {
            for (int j = 0; j < COLUMNS; j++) {
                double sum = 0;
                for (int i = 0; i < rows; i++) {
                    sum += vectors[a][i] * d[i * COLUMNS + j];
                }
                held += sum * sum;
            }
        }
        assertThat(held / all).isCloseTo(1, within(1e-4));
    }

    /** Directions that noise nearly drowns in each member hold what the best ones would, those of all products. */
    @Test
    void directionsOfALongSideAreNearlyTheBest() throws IOException {
        Random random = new Random(4);
        int rows = BasisFitter.LONGEST_GRAM + 76;
        float[] u = random(rows * 20, random);
        List<MemoryFile> members = new ArrayList<>();
        ModeProducts products = new ModeProducts(rows);
        for (int m = 0; m < 12; m++) {
            float[] d = random(rows * COLUMNS, random);
            float[] core = random(20 * COLUMNS, random);
            for (int i = 0; i < d.length; i++) {
                for (int k = 0; k < 20; k++) {
                    d[i] += u[i / COLUMNS * 20 + k] * core[k * COLUMNS + i % COLUMNS] / (k + 1);
                }
            }
            products.addRows(d, COLUMNS);
            members.add(new MemoryFile().tensor("w", List.of((long) rows, 30L), d));
        }
        Eigen exact = Eigen.of(products.products(), rows).orElseThrow();
        SharedDirections.Side found = left(fit(members, null).getFirst());
        double all = Arrays.stream(exact.values()).sum();
        double best = Arrays.stream(exact.values()).limit(20).sum() / all;
        double held = 0;
        for (int a = 0; a < 20; a++) {
            double size = found.magnitudes()[a];
            held += size * size / rows;
            double most = 0;
            for (int b = 0; b < 30; b++) {
                most += Math.pow(dot(found.vectors()[a], exact.vectors()[b]), 2);
            }
            assertThat(most).as("direction %s in the best 30", a).isGreaterThan(a < 10 ? 0.95 : 0.8);
        }
        assertThat(held).isBetween(0.99 * best, best + 1e-4);
    }

    @Test
    void membersThatAreNoNumbersOrEqualTheirBaseTellNothing() throws IOException {
        float[] center = new float[ROWS * COLUMNS];
        int[] axis = {7};
        float[] bad = new float[ROWS * COLUMNS];
        Arrays.fill(bad, Float.POSITIVE_INFINITY);
        bad[8] = Float.NaN;
        MemoryFile base = new MemoryFile().tensor("w", List.of(40L, 30L), center);
        MemoryFile same = member(center, axis, axis);
        MemoryFile odd = new MemoryFile().tensor("w", List.of(40L, 30L), bad);
        assertThat(fit(List.of(same, same), base)).isEmpty();
        assertThat(fit(List.of(odd, same), base)).isEmpty();
        SharedDirections slot = fit(List.of(odd, member(center, axis, axis, 2)), base).getFirst();
        assertThat(Math.abs(left(slot).vectors()[0][7])).isCloseTo(1, within(1e-9));
    }

    @Test
    void progressHearsOfEveryByteThatIsRead() throws IOException {
        AtomicLong heard = new AtomicLong();
        MemoryFile file = new MemoryFile().tensor("w", List.of(40L, 30L), random(1_200, new Random(1)));
        new BasisFitter(1, heard::addAndGet).fit(List.of(file, file), Optional.empty(), List.of());
        assertThat(heard.get()).isEqualTo(2 * 4_800);
    }

    private SafetensorsFile write(String name, List<SharedDirections> slots, double least) throws IOException {
        Path file = folder.resolve(name);
        assertThat(BasisFile.write(file, slots, least)).isPositive();
        return SafetensorsFile.open(file);
    }

    /** What a basis file holds, as a reader sees it. */
    private static @Nullable Directions stored(SafetensorsFile file, String name, int length) throws IOException {
        for (int t = 0; t < file.tensors().size(); t++) {
            if (file.tensors().get(t).name().equals(name)) {
                int count = file.tensors().get(t).shape().getFirst().intValue();
                return Directions.read(file, t, count, length).orElseThrow();
            }
        }
        return null;
    }

    /** New directions are orthogonal to known ones as these are stored, and hold what those lack. */
    @Test
    void newDirectionsAreOrthogonalToKnownOnes() throws IOException {
        Random random = new Random(3);
        float[] u = random(ROWS * 8, random);
        float[] v = random(COLUMNS * 8, random);
        List<MemoryFile> old = new ArrayList<>();
        List<MemoryFile> young = new ArrayList<>();
        for (int m = 0; m < 12; m++) {
            float[] d = new float[ROWS * COLUMNS];
            for (int k = 0; k < (m < 6 ? 4 : 8); k++) {
                float size = (float) random.nextGaussian();
                for (int i = 0; i < d.length; i++) {
                    d[i] += size * u[i / COLUMNS * 8 + k] * v[i % COLUMNS * 8 + k];
                }
            }
            (m < 6 ? old : young).add(new MemoryFile().tensor("w", List.of(40L, 30L), d));
        }
        try (SafetensorsFile known = write("known.safetensors", fit(old, null), 0.3)) {
            Directions before = Objects.requireNonNull(stored(known, "w.left", ROWS));
            assertThat(before.count()).isEqualTo(4);
            SharedDirections slot = fit(young, null, known).getFirst();
            int strong = 0;
            for (int a = 0; a < left(slot).vectors().length; a++) {
                if (left(slot).magnitudes()[a] > 0.01) {
                    // Known ones are stored in eight bits: a little of the energy along them is left.
                    strong += left(slot).magnitudes()[a] > 0.3 ? 1 : 0;
                    for (int k = 0; k < 4; k++) {
                        double sum = 0;
                        for (int i = 0; i < ROWS; i++) {
                            sum += left(slot).vectors()[a][i] * before.values()[k * ROWS + i];
                        }
                        assertThat(sum).isCloseTo(0, within(1e-6));
                    }
                }
            }
            assertThat(strong).as("directions that the known ones lack").isEqualTo(4);
            assertThat(left(slot).vectors()).hasNumberOfRows(ROWS - 4);
        }
    }

    /**
     * Newcomers whose rows' space is new while their columns' space is known: the new left directions meet known right
     * ones, and must be written though there are no new right ones.
     */
    @Test
    void directionsThatAreNewOnOneSideOnlyAreAdded() throws IOException {
        float[] center = new float[ROWS * COLUMNS];
        int[] columns = {1, 2};
        List<MemoryFile> old = List.of(
                member(center, new int[] {3, 4}, columns, 8, 3), member(center, new int[] {3, 4}, columns, -6, 4));
        List<MemoryFile> young = List.of(
                member(center, new int[] {30, 31}, columns, 8, 3), member(center, new int[] {30, 31}, columns, -6, 4));
        try (SafetensorsFile known = write("known.safetensors", fit(old, null), 1);
                SafetensorsFile added = write("added.safetensors", fit(young, null, known), 1)) {
            Directions left = Objects.requireNonNull(stored(added, "w.left", ROWS));
            assertThat(left.count()).isEqualTo(2);
            assertThat(Math.abs(left.values()[30])).isCloseTo(1, within(1e-6f));
            assertThat(Math.abs(left.values()[ROWS + 31])).isCloseTo(1, within(1e-6f));
            assertThat(stored(added, "w.right", COLUMNS)).isNull();
        }
    }

    /** A file's directions are those that were fitted, to half a step of a thirty-first, and its levels their sizes. */
    @Test
    void storedDirectionsAreThoseThatWereFitted() throws IOException {
        Random random = new Random(4);
        List<MemoryFile> members = List.of(
                new MemoryFile().tensor("w", List.of(40L, 30L), random(1_200, random)),
                new MemoryFile().tensor("w", List.of(40L, 30L), random(1_200, random)));
        SharedDirections slot = fit(members, null).getFirst();
        try (SafetensorsFile file = write("basis.safetensors", List.of(slot), 1e-6)) {
            Directions left = Objects.requireNonNull(stored(file, "w.left", ROWS));
            assertThat(left.count()).isEqualTo(ROWS);
            for (int k = 0; k < left.count(); k++) {
                double[] vector = left(slot).vectors()[k];
                double largest = Arrays.stream(vector).map(Math::abs).max().orElseThrow();
                for (int i = 0; i < ROWS; i++) {
                    assertThat((double) left.values()[k * ROWS + i])
                            .isCloseTo(vector[i], within(largest / 62 * 1.001));
                }
                double quarters = 4 * Math.log(left(slot).magnitudes()[k]) / Math.log(2);
                assertThat((double) left.levels()[k]).isCloseTo(quarters, within(0.5001));
            }
        }
    }
}
