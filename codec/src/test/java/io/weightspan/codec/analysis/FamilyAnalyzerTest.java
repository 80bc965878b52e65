package io.weightspan.codec.analysis;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.MemoryFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Families whose structure is known. */
class FamilyAnalyzerTest {
    private static final int ROWS = 48;
    private static final int COLUMNS = 40;
    private static final List<Long> SHAPE = List.of((long) ROWS, (long) COLUMNS);
    private static final AnalysisOptions OPTIONS = new AnalysisOptions(7, 5, 100, 1 << 24, 2);

    private final Random random = new Random(1);

    private float[] normal(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static FamilyMember member(int i, float... values) {
        return member(i, ROWS, values);
    }

    private static FamilyMember member(int i, int rows, float... values) {
        List<Long> shape = List.of((long) rows, (long) COLUMNS);
        return new FamilyMember("member-" + i, new MemoryFile().tensor("w", shape, values));
    }

    private static FamilyMember zeroBase() {
        return member(0, new float[ROWS * COLUMNS]);
    }

    private static FamilyAnalysis analyze(List<FamilyMember> members, @Nullable FamilyMember base)
            throws IOException {
        return FamilyAnalyzer.analyze("f", members, base, OPTIONS, Progress.NONE);
    }

    /** Members that are mixtures of two tensors. */
    private List<FamilyMember> rankTwo(int count) {
        float[] first = normal(ROWS * COLUMNS);
        float[] second = normal(ROWS * COLUMNS);
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float a = (float) random.nextGaussian();
            float b = (float) random.nextGaussian();
            float[] values = new float[first.length];
            for (int k = 0; k < values.length; k++) {
                values[k] = a * first[k] + b * second[k];
            }
            members.add(member(i, values));
        }
        return members;
    }

    /** Members that share the first six of each side's directions, and nothing else. */
    private List<FamilyMember> sixSixths(int count) {
        return sixSixths(count, ROWS);
    }

    private List<FamilyMember> sixSixths(int count, int rows) {
        float[] left = normal(rows * 6);
        float[] right = normal(6 * COLUMNS);
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] core = normal(36);
            float[] values = new float[rows * COLUMNS];
            for (int at = 0; at < values.length; at++) {
                for (int ab = 0; ab < 36; ab++) {
                    values[at] += left[at / COLUMNS * 6 + ab / 6] * core[ab] * right[ab % 6 * COLUMNS + at % COLUMNS];
                }
            }
            members.add(member(i, rows, values));
        }
        return members;
    }

    private List<FamilyMember> unrelated(int count) {
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(member(i, normal(ROWS * COLUMNS)));
        }
        return members;
    }

    private static ErrorAtK at(FamilyAnalysis analysis, int k) {
        return analysis.slots().getFirst().heldoutError().stream()
                .filter(error -> error.k() == k)
                .findFirst()
                .orElseThrow();
    }

    /** A side too long for the products of its elements has what those would have found, as it is of low rank. */
    @Test
    void aLongSideIsTurned() throws IOException {
        int rows = BasisFitter.LONGEST_GRAM + 76;
        FamilyAnalysis analysis =
                analyze(sixSixths(30, rows), member(0, rows, new float[rows * COLUMNS]));
        SlotAnalysis slot = analysis.slots().getFirst();
        ModeSpectrum left = requireNonNull(slot.left());
        assertThat(left.dimension()).isEqualTo(rows);
        assertThat(Arrays.stream(left.spectrum()).limit(6).sum()).isCloseTo(1, within(1e-5));
        assertThat(Arrays.stream(left.spectrum()).skip(6).sum()).isLessThan(1e-5);
        assertThat(Arrays.stream(left.spectrum()).limit(6).min().orElseThrow()).isGreaterThan(0.01);
        // Of random tensors 128 directions of 1,100 hold little more than their part.
        assertThat(left.nullSpectrum()[0]).isLessThan(0.02);
        CodingGain gain = requireNonNull(slot.codingGain());
        assertThat(gain.heldOut()).isGreaterThan(5);
        assertThat(gain.random()).isCloseTo(0, within(0.05));
        assertThat(slot.form()).isEqualTo(SlotAnalysis.MODES);
        Coding modes = requireNonNull(slot.rates().get(SlotAnalyzer.REFERENCE).modes());
        // 36 numbers instead of 44,000; six directions of each side.
        assertThat(modes.bitsPerWeight()).isLessThan(0.01);
        assertThat(modes.basisBytes()).isEqualTo(6 * (rows + 5L) + 6 * (COLUMNS + 5L));
        assertThat(analysis.notes()).anyMatch(note -> note.startsWith("1 sides of matrices are longer than 1024"));
    }

    /** What lies outside the directions that were looked for is left out of the layer, and counted. */
    @Test
    void whatALongSideLeavesOutIsError() throws IOException {
        int rows = BasisFitter.LONGEST_GRAM + 76;
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            members.add(member(i, rows, normal(rows * COLUMNS)));
        }
        SlotAnalysis slot =
                analyze(members, member(0, rows, new float[rows * COLUMNS])).slots().getFirst();
        assertThat(slot.shares()).isFalse();
        assertThat(slot.form()).isEqualTo(SlotAnalysis.DIRECT);
        CodingGain gain = requireNonNull(slot.codingGain());
        assertThat(gain.heldOut()).isCloseTo(0, within(0.05));
        // 128 of 1,100 directions hold little more than their part however fine the step.
        double most = Math.sqrt(1 - 128.0 / rows);
        assertThat(requireNonNull(slot.rates().getFirst().modes()).error()).isCloseTo(most, within(0.01));
        for (SlotRate rate : slot.rates()) {
            assertThat(requireNonNull(rate.modes()).error()).isGreaterThan(most - 0.01);
        }
    }

    @Test
    void twoSharedDirectionsExplainMembersHeldOut() throws IOException {
        FamilyAnalysis analysis = analyze(rankTwo(60), zeroBase());
        SlotAnalysis slot = analysis.slots().getFirst();
        assertThat(slot.spectrum()).hasSize(60);
        assertThat(slot.spectrum()[0] + slot.spectrum()[1]).isCloseTo(1, within(1e-9));
        assertThat(slot.spectrum()[1]).isGreaterThan(0.05);
        assertThat(slot.spectrum()[2]).isLessThan(1e-9);
        assertThat(slot.nullSpectrum()[2]).isGreaterThan(0.01);
        assertThat(at(analysis, 0).error()).isEqualTo(1);
        assertThat(at(analysis, 1).error()).isGreaterThan(0.05);
        assertThat(at(analysis, 2).error()).isLessThan(1e-5);
        assertThat(at(analysis, 2).nullError()).isGreaterThan(0.9);
        assertThat(slot.shares()).isTrue();
        assertThat(slot.form()).isEqualTo("span");
        assertThat(slot.spanDirections()).isEqualTo(2);
        // Nothing but two coefficients of 16 bits and the directions at 8 bits an element remains.
        Coding span = requireNonNull(slot.rates().get(SlotAnalyzer.REFERENCE).span());
        assertThat(span.bitsPerWeight()).isCloseTo(2.0 * 16 / ROWS / COLUMNS, within(1e-6));
        assertThat(span.basisBytes()).isEqualTo(2 * (ROWS * COLUMNS + 5));
        assertThat(analysis.verdict())
                .startsWith("This family shares directions in 1 of 1 slots, which hold 100 % of the weights: ")
                .contains("saves 86 % of", "pays from N = 9 on");
        assertThat(analysis.breakEvenMembers()).isEqualTo(9);
        assertThat(analysis.heldOut()).hasSize(12).startsWith("member-0", "member-5", "member-10");
    }

    @Test
    void sharedSidesAreFoundWhereNoDirectionOverTheModelsIs() throws IOException {
        FamilyAnalysis analysis = analyze(sixSixths(25), zeroBase());
        SlotAnalysis slot = analysis.slots().getFirst();
        ModeSpectrum left = requireNonNull(slot.left());
        assertThat(left.dimension()).isEqualTo(ROWS);
        double six = 0;
        for (int k = 0; k < 6; k++) {
            six += left.spectrum()[k];
        }
        assertThat(six).isCloseTo(1, within(1e-6));
        assertThat(left.nullSpectrum()[0]).isLessThan(0.06);
        CodingGain gain = requireNonNull(slot.codingGain());
        assertThat(gain.heldOut()).isGreaterThan(3);
        assertThat(gain.random()).isCloseTo(0, within(0.05));
        assertThat(at(analysis, 16).error()).isGreaterThan(0.3);
        assertThat(slot.form()).isEqualTo("modes");
        Coding modes = requireNonNull(slot.rates().get(SlotAnalyzer.REFERENCE).modes());
        // Six directions of each side in use.
        assertThat(modes.basisBytes()).isEqualTo(6 * (ROWS + 5) + 6 * (COLUMNS + 5));
        assertThat(modes.error()).isLessThan(0.3);
    }

    @Test
    void nothingSharedIsSaid() throws IOException {
        for (FamilyMember base : new @Nullable FamilyMember[] {zeroBase(), null}) {
            FamilyAnalysis analysis = analyze(unrelated(20), base);
            SlotAnalysis slot = analysis.slots().getFirst();
            assertThat(slot.shares()).isFalse();
            assertThat(slot.form()).isEqualTo("direct");
            assertThat(requireNonNull(slot.codingGain()).heldOut()).isCloseTo(0, within(0.05));
            assertThat(slot.center()).isEqualTo(base == null ? "mean" : "base");
            assertThat(at(analysis, 16).error()).isGreaterThan(0.95);
            assertThat(at(analysis, 16).inSampleError()).isLessThan(0.1);
            assertThat(analysis.breakEvenMembers()).isNull();
            assertThat(analysis.clusters().groups()).isEmpty();
            assertThat(analysis.verdict()).startsWith("This family shares nothing that pays: ");
        }
    }

    @Test
    void membersThatAreNotFiniteAreLeftOut() throws IOException {
        List<FamilyMember> members = rankTwo(11);
        float[] bad = normal(ROWS * COLUMNS);
        bad[77] = Float.NaN;
        members.add(3, member(100, bad));
        float[] infinite = normal(ROWS * COLUMNS);
        infinite[0] = Float.NEGATIVE_INFINITY;
        members.add(member(101, infinite));
        FamilyAnalysis analysis = analyze(members, zeroBase());
        assertThat(analysis.members()).isEqualTo(11);
        assertThat(analysis.leftOut())
                .containsExactly(
                        new FamilyAnalysis.LeftOut("member-100", "tensor w holds NaN or infinity"),
                        new FamilyAnalysis.LeftOut("member-101", "tensor w holds NaN or infinity"));
        assertThat(at(analysis, 2).error()).isLessThan(1e-5);
        FamilyAnalysis none = analyze(List.of(member(0, bad)), null);
        assertThat(none.members()).isZero();
        assertThat(none.verdict()).isEqualTo("No member could be analysed.");
    }

    @Test
    void aBaseThatIsNotFiniteIsNotUsed() throws IOException {
        float[] bad = new float[ROWS * COLUMNS];
        bad[5] = Float.NaN;
        FamilyAnalysis analysis = analyze(rankTwo(6), member(0, bad));
        assertThat(analysis.slots().getFirst().center()).isEqualTo("mean");
        assertThat(analysis.notes()).anyMatch(note -> note.startsWith("1 slots have no finite tensor"));
    }

    @Test
    void fewMembersGiveNoVerdictOnSharing() throws IOException {
        assertThat(analyze(unrelated(1), null).verdict()).startsWith("One member alone");
        assertThat(analyze(unrelated(1), zeroBase()).verdict()).startsWith("One member alone");
        FamilyAnalysis two = analyze(unrelated(2), zeroBase());
        assertThat(two.verdict()).startsWith("With 2 members none can be held out");
        assertThat(two.heldOut()).isEmpty();
        assertThat(two.rates()).isEmpty();
        assertThat(two.slots().getFirst().heldoutError()).isEmpty();
        assertThat(two.slots().getFirst().spectrum()).hasSize(2);
        FamilyAnalysis three = analyze(unrelated(3), zeroBase());
        assertThat(three.heldOut()).containsExactly("member-0");
    }

    @Test
    void equalMembersAreSaidToBe() throws IOException {
        float[] values = normal(ROWS * COLUMNS);
        for (FamilyMember base : new @Nullable FamilyMember[] {zeroBase(), null}) {
            FamilyAnalysis analysis = analyze(List.of(member(0, values), member(1, values)), base);
            assertThat(analysis.verdict()).startsWith("All 2 members are identical");
        }
        FamilyAnalysis same =
                analyze(List.of(member(0, values), member(1, values), member(2, values)), member(9, values));
        assertThat(same.verdict()).startsWith("All 3 members are the same as their base");
        assertThat(same.energy()).isZero();
        assertThat(same.slots().getFirst().spectrum()).containsOnly(0);
        assertThat(same.rates()).allSatisfy(rate -> assertThat(rate.direct().bitsPerWeight()).isZero());
    }

    @Test
    void hugeAndTinyValuesDoNotOverflow() throws IOException {
        for (float scale : new float[] {1e38f, 1e-38f}) {
            List<FamilyMember> members = new ArrayList<>();
            float[] direction = normal(ROWS * COLUMNS);
            for (int i = 0; i < 6; i++) {
                float[] values = direction.clone();
                for (int k = 0; k < values.length; k++) {
                    values[k] = values[k] / 8 * scale * (i % 2 == 0 ? 1 : -1);
                }
                members.add(member(i, values));
            }
            FamilyAnalysis analysis = analyze(members, null);
            assertThat(analysis.members()).isEqualTo(6);
            assertThat(analysis.slots().getFirst().spectrum()[0]).isCloseTo(1, within(1e-6));
        }
    }

    @Test
    void alikeMembersAreGrouped() throws IOException {
        float[] first = normal(ROWS * COLUMNS);
        float[] second = normal(ROWS * COLUMNS);
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            float[] noise = normal(ROWS * COLUMNS);
            for (int k = 0; k < noise.length; k++) {
                noise[k] = i == 6 ? noise[k] : 0.3f * noise[k] + (i % 3 == 0 ? first : second)[k];
            }
            members.add(member(i, noise));
        }
        FamilyAnalysis analysis = analyze(members, zeroBase());
        assertThat(analysis.clusters().threshold()).isEqualTo(0.5);
        assertThat(analysis.clusters().groups())
                .containsExactly(
                        List.of("member-1", "member-2", "member-4", "member-5"), List.of("member-0", "member-3"));
        assertThat(analysis.similarity()[1][2]).isCloseTo(1 / 1.09, within(0.02));
        assertThat(analysis.notes()).anyMatch(note -> note.startsWith("2 of the members held out are much like"));
    }

    @Test
    void numbersDependNeitherOnThreadsNorOnMemory() throws IOException {
        List<FamilyMember> members = sixSixths(10);
        FamilyAnalysis held = analyze(members, null);
        FamilyAnalysis again = analyze(members, null);
        FamilyAnalysis streamed = FamilyAnalyzer.analyze(
                "f", members, null, new AnalysisOptions(7, 5, 100, 0, 1), Progress.NONE);
        assertThat(again.slots().getFirst().heldoutError()).isEqualTo(held.slots().getFirst().heldoutError());
        assertThat(streamed.rates()).isEqualTo(held.rates()).isEqualTo(again.rates());
        assertThat(streamed.slots().getFirst().spectrum()).containsExactly(held.slots().getFirst().spectrum());
        assertThat(held.slots().getFirst().shuffledSpectrum()).hasSize(10);
        assertThat(streamed.slots().getFirst().shuffledSpectrum()).isEmpty();
        assertThat(streamed.notes()).anyMatch(note -> note.startsWith("1 slots are too large to be shuffled"));
    }

    @Test
    void largeFamiliesAreSampledAndOddTensorsLeftApart() throws IOException {
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            members.add(new FamilyMember(
                    "m" + i,
                    new MemoryFile()
                            .tensor("w", SHAPE, normal(ROWS * COLUMNS))
                            .tensor("head", List.of(2L + i), normal(2 + i))
                            .tensor("bias", List.of(8L), normal(8))));
        }
        AtomicLong bytes = new AtomicLong();
        FamilyAnalysis analysis = FamilyAnalyzer.analyze(
                "f", members, null, new AnalysisOptions(7, 5, 3, 1 << 24, 2), bytes::addAndGet);
        assertThat(analysis.memberNames()).containsExactly("m0", "m3", "m6");
        assertThat(analysis.leftOut()).hasSize(6);
        assertThat(analysis.slots()).extracting(SlotAnalysis::name).containsExactly("w", "bias");
        assertThat(analysis.slots().get(1).left()).isNull();
        assertThat(analysis.notes()).anyMatch(note -> note.startsWith("1 of the first member's tensors"));
        assertThat(bytes.get()).isEqualTo(2L * 3 * 4 * (ROWS * COLUMNS + 8));
    }

    /** Adapters whose products are multiples of one or, of the others, nothing alike; factors are mixed by chance. */
    private List<MemoryFile> adapters(int count, boolean alike) {
        float[] left = normal(ROWS * 2);
        float[] right = normal(2 * COLUMNS);
        List<MemoryFile> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            float[] b = alike ? left : normal(ROWS * 2);
            float[] a = alike ? right : normal(2 * COLUMNS);
            double turn = 6 * random.nextDouble();
            double size = random.nextGaussian();
            float[] mixedB = new float[b.length];
            float[] mixedA = new float[a.length];
            for (int x = 0; x < ROWS; x++) {
                mixedB[2 * x] = (float) (Math.cos(turn) * b[2 * x] - Math.sin(turn) * b[2 * x + 1]);
                mixedB[2 * x + 1] = (float) (Math.sin(turn) * b[2 * x] + Math.cos(turn) * b[2 * x + 1]);
            }
            for (int x = 0; x < COLUMNS; x++) {
                int y = COLUMNS + x;
                mixedA[x] = (float) (size * (Math.cos(turn) * a[x] - Math.sin(turn) * a[y]));
                mixedA[y] = (float) (size * (Math.sin(turn) * a[x] + Math.cos(turn) * a[y]));
            }
            files.add(new MemoryFile()
                    .tensor("q.lora_A.weight", List.of(2L, (long) COLUMNS), mixedA)
                    .tensor("q.lora_B.weight", List.of((long) ROWS, 2L), mixedB)
                    .tensor("w", SHAPE, formed(mixedB, mixedA)));
        }
        return files;
    }

    private static float[] formed(float[] b, float[] a) {
        float[] product = new float[ROWS * COLUMNS];
        for (int at = 0; at < product.length; at++) {
            int i = at / COLUMNS;
            int j = at % COLUMNS;
            product[at] = b[2 * i] * a[j] + b[2 * i + 1] * a[COLUMNS + j];
        }
        return product;
    }

    private static FamilyAnalysis analyzeAdapters(List<MemoryFile> files) throws IOException {
        List<FamilyMember> members = new ArrayList<>();
        for (MemoryFile file : files) {
            members.add(new FamilyMember("adapter-" + members.size(), file));
        }
        // Of the formed products alone differences are from 0, as products' always are.
        return analyze(members, zeroBase());
    }

    @Test
    void productsShareWhatMixedFactorsHide() throws IOException {
        FamilyAnalysis analysis = analyzeAdapters(adapters(16, true));
        assertThat(analysis.products()).singleElement().satisfies(product -> {
            assertThat(product.name()).isEqualTo("q.lora_A.weight");
            assertThat(product.shape()).isEqualTo(SHAPE);
            assertThat(product.rank()).isEqualTo(2);
            assertThat(product.energyShare()).isEqualTo(1);
            assertThat(product.spectrum()[0]).isGreaterThan(0.999);
            assertThat(product.nullSpectrum()[0]).isLessThan(0.7);
            assertThat(product.heldoutError().get(1).k()).isEqualTo(1);
            assertThat(product.heldoutError().get(1).error()).isLessThan(0.01);
            assertThat(product.heldoutError().get(1).nullError()).isGreaterThan(0.9);
            assertThat(requireNonNull(product.heldoutError().get(1).shuffledError())).isGreaterThan(0.9);
            ModeSpectrum left = requireNonNull(product.left());
            assertThat(left.dimension()).isEqualTo(ROWS);
            assertThat(left.spectrum()[0] + left.spectrum()[1]).isGreaterThan(0.999);
            assertThat(left.nullSpectrum()[0] + left.nullSpectrum()[1]).isLessThan(0.9);
            assertThat(requireNonNull(product.right()).dimension()).isEqualTo(COLUMNS);
        });
        SlotAnalysis factor = analysis.slots().getFirst();
        assertThat(factor.spectrum()[0]).as("turned factors point anywhere in a plane").isLessThan(0.95);
    }

    /** What is said of a product is what is said of the same matrix when it is formed. */
    @Test
    void productsAreAnalysedAsIfTheyWereFormed() throws IOException {
        FamilyAnalysis analysis = analyzeAdapters(adapters(11, false));
        ProductAnalysis product = analysis.products().getFirst();
        SlotAnalysis formed = analysis.slots().get(2);
        assertThat(formed.name()).isEqualTo("w");
        assertThat(product.energy()).isCloseTo(formed.energy(), within(1e-4 * formed.energy()));
        for (int i = 0; i < formed.spectrum().length; i++) {
            assertThat(product.spectrum()[i]).isCloseTo(formed.spectrum()[i], within(1e-5));
        }
        for (int i = 0; i < formed.heldoutError().size(); i++) {
            assertThat(product.heldoutError().get(i).error())
                    .isCloseTo(formed.heldoutError().get(i).error(), within(1e-4));
        }
        double[] left = requireNonNull(product.left()).spectrum();
        for (int i = 0; i < 10; i++) {
            assertThat(left[i]).isCloseTo(requireNonNull(formed.left()).spectrum()[i], within(1e-4));
        }
    }

    @Test
    void adaptersOfZerosHaveNoDirections() throws IOException {
        List<FamilyMember> members = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            members.add(new FamilyMember("adapter-" + i, new MemoryFile()
                    .tensor("q.lora_A.weight", List.of(2L, 8L), normal(16))
                    .tensor("q.lora_B.weight", List.of(8L, 2L), new float[16])));
        }
        ProductAnalysis product = analyze(members, null).products().getFirst();
        assertThat(product.energy()).isZero();
        assertThat(product.left()).isNull();
        assertThat(product.right()).isNull();
    }
}
