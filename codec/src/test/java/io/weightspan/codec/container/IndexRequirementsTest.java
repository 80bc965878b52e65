package io.weightspan.codec.container;

import static io.weightspan.codec.container.Refusals.assertAccepted;
import static io.weightspan.codec.container.Refusals.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DType;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.Role;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.io.IOException;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The requirements R-IDX of the format, one by one, on a record of five small tensors. */
class IndexRequirementsTest {
    private static final int FLOATS = 0;
    private static final int HALVES = 1;
    private static final int BYTES = 2;
    private static final int SAME_BYTES = 3;
    private static final int EMPTY = 4;
    private static final String JSON = "{\"floats\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
            + "\"halves\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[24,32]},"
            + "\"bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[32,35]},"
            + "\"same\":{\"dtype\":\"U8\",\"shape\":[1,3],\"data_offsets\":[35,38]},"
            + "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904],\"data_offsets\":[38,38]}}";

    private static Assembly valid() {
        try {
            return Assembly.of(TestRecords.record(JSON, TestRecords.data(38)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** One dependency, two tables and two table sets beside the tensors. */
    private static Assembly rich() {
        return valid().tables(new byte[9], 2)
                .front(front -> front.addDependencies(Dependency.newBuilder().setRole(Role.ROLE_BASE)
                        .setObjectSha256(TestRecords.digest(1)).setFileSha256(TestRecords.digest(2))))
                .index(index -> index.addTableSets(set(0, 128)).addTableSets(set(0, 5, 128)));
    }

    private static TableSet set(int first, int... ends) {
        TableSet.Builder set = TableSet.newBuilder().setFirstTable(first);
        for (int end : ends) {
            set.addSegmentEnds(end);
        }
        return set.build();
    }

    private static void assertMalformed(Assembly assembly) {
        ContainerException thrown = assertRefused(assembly.build(), ErrorCode.MALFORMED_INDEX);
        assertThat(thrown.offset()).as("where the index begins").isPresent();
    }

    private static Assembly with(int tensor, UnaryOperator<TensorEntry.Builder> change) {
        return rich().tensor(tensor, change);
    }

    @Test
    void theRecordIsAcceptedBeforeItIsDamaged() {
        assertAccepted(valid().build());
        assertAccepted(rich().build());
        assertAccepted(with(FLOATS, entry -> entry.setResidual(3).setTableSet(1).setShift(23)).build());
        assertAccepted(with(HALVES, entry -> entry.setPredictor(1).setResidual(4).setSourceTensor(77).setShift(7))
                .build());
    }

    @Test
    void rIdx001ThereIsOneEntryForEachTensor() {
        assertMalformed(valid().index(index -> index.removeTensors(EMPTY)));
        assertMalformed(valid().index(index -> index.addTensors(index.getTensors(EMPTY))));
    }

    @ParameterizedTest
    @ValueSource(ints = {9, 99, -1, Integer.MIN_VALUE})
    void rIdx002AnUnknownPredictorIsRefused(int id) {
        ContainerException thrown = assertRefused(with(BYTES, entry -> entry.setPredictor(id)).build(),
                ErrorCode.UNKNOWN_ENCODING);
        assertThat(thrown.tensor()).contains("bytes");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 9, -1, Integer.MAX_VALUE})
    void rIdx002AnUnknownResidualIsRefused(int id) {
        assertRefused(with(BYTES, entry -> entry.setResidual(id)).build(), ErrorCode.UNKNOWN_ENCODING);
    }

    @ParameterizedTest
    @CsvSource({"0,1", "1,2", "2,2", "3,2", "1,3", "2,3", "3,3", "0,4", "3,4"})
    void rIdx003OtherCombinationsAreRefused(int predictor, int residual) {
        assertMalformed(with(HALVES, entry -> entry.setPredictor(predictor).setResidual(residual)));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4})
    void rIdx003FloatCodingsAreForFloats(int residual) {
        assertMalformed(with(BYTES, entry -> entry.setPredictor(residual == 4 ? 1 : 0).setResidual(residual)));
        for (DType dtype : DType.values()) {
            assertThat(ResidualKind.DIRECT.allows(PredictorKind.NONE, dtype)).isEqualTo(dtype.hasFloatCoding());
            assertThat(ResidualKind.DELTA.allows(PredictorKind.SIBLING, dtype)).isEqualTo(dtype.hasFloatCoding());
            assertThat(ResidualKind.CELLS.allows(PredictorKind.LAYER, dtype))
                    .isEqualTo(dtype == DType.BF16 || dtype == DType.F16);
            assertThat(ResidualKind.CELLS.allows(PredictorKind.BASE, dtype)).isFalse();
            assertThat(ResidualKind.BYTES.allows(PredictorKind.NONE, dtype)).isTrue();
            assertThat(ResidualKind.EQUAL.allows(PredictorKind.SELF, dtype)).isTrue();
        }
    }

    @Test
    void rIdx004TheNumberOfBlocksFollowsFromTheShape() {
        assertMalformed(with(EMPTY, entry -> entry.addBlockLengths(0)).index(index -> index.addBlockCrc32C(0)));
        assertMalformed(with(BYTES, entry -> entry.addBlockLengths(0)).index(index -> index.addBlockCrc32C(0)));
        assertMalformed(with(SAME_BYTES, entry -> entry.setPredictor(3).setResidual(1).setSourceTensor(BYTES)));
    }

    @Test
    void rIdx012EachBlockHasItsChecksum() {
        assertMalformed(with(BYTES, entry -> entry.addBlockLengths(0)));
        assertMalformed(valid().index(index -> index.addBlockCrc32C(0)));
        assertMalformed(valid().index(Index.Builder::clearBlockCrc32C));
    }

    @Test
    void rIdx004AnEqualTensorHasNoBlocks() {
        assertAccepted(self(entry -> entry).build());
    }

    /** The second of two equal tensors, predicted by the first, and changed. */
    private static Assembly self(UnaryOperator<TensorEntry.Builder> change) {
        Assembly assembly = with(SAME_BYTES, entry -> change.apply(entry.setPredictor(3).setResidual(1)
                .setSourceTensor(BYTES).clearBlockLengths()));
        assembly.data = Arrays.copyOf(assembly.data, assembly.data.length - 4);
        return assembly;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, -1})
    void rIdx005ADependencyThatTheFrontDoesNotNameIsRefused(int dependency) {
        assertMalformed(with(HALVES, entry -> entry.setPredictor(1).setResidual(4).setDependency(dependency)));
        assertMalformed(with(HALVES, entry -> entry.setPredictor(2).setResidual(1).setDependency(dependency)));
        assertAccepted(with(HALVES, entry -> entry.setDependency(dependency)).build());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 1024, -1})
    void rIdx005ATableSetThatIsNotThereIsRefused(int set) {
        assertMalformed(with(FLOATS, entry -> entry.setResidual(3).setTableSet(set)));
        assertAccepted(with(FLOATS, entry -> entry.setTableSet(set)).build());
    }

    @ParameterizedTest
    @ValueSource(ints = {SAME_BYTES, EMPTY, 5, -1})
    void rIdx005ATensorPredictsItselfFromEarlierOnesOnly(int source) {
        assertMalformed(self(entry -> entry.setSourceTensor(source)));
    }

    @ParameterizedTest
    @ValueSource(ints = {FLOATS, HALVES})
    void rPrd006ASourceInTheSameRecordHasTheSameTypeAndLength(int source) {
        assertMalformed(self(entry -> entry.setSourceTensor(source)));
    }

    @Test
    void rPrd006ADependencyWithSelfIsRefused() {
        assertMalformed(self(entry -> entry.setDependency(1)));
    }

    @Test
    void rIdx006SegmentsAscendToTheLastContext() {
        assertMalformed(rich().index(index -> index.addTableSets(set(0))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, 127))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, 129))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, 0, 128))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, 128, 128))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, 128, 5))));
        assertMalformed(rich().index(index -> index.addTableSets(set(0, -1, 128))));
    }

    @Test
    void rIdx006ATableSetStaysWithinTheTables() {
        assertMalformed(rich().index(index -> index.addTableSets(set(2, 128))));
        assertMalformed(rich().index(index -> index.addTableSets(set(1, 5, 128))));
        assertMalformed(rich().index(index -> index.addTableSets(set(-1, 128))));
        assertAccepted(rich().index(index -> index.addTableSets(set(1, 128))).build());
    }

    @Test
    void rIdx007RowDimensionsGoWithScales() {
        assertMalformed(with(FLOATS, entry -> entry.setRowDims(1)));
        assertMalformed(with(FLOATS, entry -> entry.setHasRowScales(true)));
        assertMalformed(with(FLOATS, entry -> entry.setHasColumnScales(true)));
        assertMalformed(with(FLOATS, entry -> entry.setRowDims(3).setHasRowScales(true)).scales(new byte[6]));
        assertMalformed(with(FLOATS, entry -> entry.setRowDims(-1).setHasRowScales(true)).scales(new byte[6]));
    }

    @Test
    void rIdx008TheShiftStaysWithinTheMantissa() {
        assertMalformed(with(FLOATS, entry -> entry.setResidual(3).setShift(24)));
        assertMalformed(with(FLOATS, entry -> entry.setResidual(3).setShift(-1)));
        assertMalformed(with(FLOATS, entry -> entry.setShift(1)));
        assertMalformed(with(HALVES, entry -> entry.setPredictor(1).setResidual(1).setShift(1)));
    }

    @Test
    void rIdx009TheScalesChunkHoldsWhatTensorsHaveScalesFor() {
        UnaryOperator<TensorEntry.Builder> rows = entry -> entry.setRowDims(1).setHasRowScales(true);
        UnaryOperator<TensorEntry.Builder> both = entry -> entry.setRowDims(1).setHasRowScales(true)
                .setHasColumnScales(true);
        assertAccepted(valid().tensor(FLOATS, rows).scales(new byte[2]).build());
        assertAccepted(valid().tensor(FLOATS, both).scales(new byte[5]).build());
        assertAccepted(valid().tensor(FLOATS, both).tensor(HALVES, both).scales(new byte[10]).build());
        assertMalformed(valid().tensor(FLOATS, rows).scales(new byte[3]));
        assertMalformed(valid().tensor(FLOATS, rows));
        assertMalformed(valid().scales(new byte[1]));
    }

    @Test
    void rIdx009ACountOfScalesThatOverflowsIsRefused() {
        assertMalformed(valid().tensor(EMPTY, entry -> entry.setRowDims(1).setHasColumnScales(true)));
    }

    @Test
    void rIdx009TheScalesChunkHasAKnownCoding() {
        Chunk unknown = Chunk.newBuilder().setCodingValue(3).build();
        assertMalformed(valid().index(index -> index.setScales(unknown)));
    }

    @Test
    void rMsg009NoChunkOfAnIndexHoldsLengths() {
        Chunk lengths = Chunk.newBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS).build();
        assertMalformed(valid().index(index -> index.setScales(lengths)));
        assertMalformed(rich().index(index -> index.setTables(index.getTables().toBuilder()
                .setCoding(ChunkCoding.CHUNK_CODING_ZSTD_LENGTHS))));
    }

    @Test
    void rIdx010TheTablesChunkGoesWithTheCount() {
        assertMalformed(rich().index(index -> index.setTableCount(0)));
        assertMalformed(valid().index(index -> index.setTableCount(1)));
        assertMalformed(valid().tables(new byte[3], 0));
        assertMalformed(rich().index(index -> index
                .setTables(index.getTables().toBuilder().setCoding(ChunkCoding.CHUNK_CODING_ZSTD))));
        assertMalformed(rich().index(index -> index.setTables(index.getTables().toBuilder().setCodingValue(9))));
    }

    @ParameterizedTest
    @ValueSource(ints = {65_537, -65_537, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void rIdx011TheScaleHasABound(int scale) {
        assertMalformed(with(FLOATS, entry -> entry.setScale(scale)));
    }

    @ParameterizedTest
    @ValueSource(ints = {65_536, -65_536})
    void rIdx011TheBoundItselfIsAccepted(int scale) {
        assertAccepted(with(FLOATS, entry -> entry.setScale(scale)).build());
    }

    @Test
    void anUnknownEncodingIsReportedBeforeWhatIsMalformedInLaterTensors() {
        Assembly assembly = with(BYTES, entry -> entry.setResidual(9)).tensor(SAME_BYTES, entry -> entry.setShift(1));
        assertRefused(assembly.build(), ErrorCode.UNKNOWN_ENCODING);
        assertMalformed(with(BYTES, entry -> entry.setShift(1)).tensor(SAME_BYTES, entry -> entry.setResidual(9)));
    }
}
