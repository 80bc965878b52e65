package io.weightspan.codec.container;

import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Chunk;
import io.weightspan.format.v1.ChunkCoding;
import io.weightspan.format.v1.Front;
import io.weightspan.format.v1.Index;
import io.weightspan.format.v1.TableSet;
import io.weightspan.format.v1.TensorEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The limits and requirements on the message {@code Index}, in the order of the format's steps 7 and 10. */
final class IndexChecks {
    /** R-IDX-006: contexts of a table set, and so the last end of its segments. */
    static final int CONTEXTS = 128;
    /** R-IDX-011: largest absolute scale. */
    private static final int SCALE = 65_536;

    private final Index index;
    private final List<TensorInfo> tensors;
    private final Front front;
    private final boolean ofLayer;
    private final @Nullable Index layer;

    private IndexChecks(
            Index index, List<TensorInfo> tensors, Front front, boolean ofLayer, @Nullable Index layer) {
        this.index = index;
        this.tensors = tensors;
        this.front = front;
        this.ofLayer = ofLayer;
        this.layer = layer;
    }

    /**
     * Checks the limits R-LIM-004, 008, 009, 010 and 013.
     *
     * @param index the message
     * @throws ContainerException {@code LIMIT_EXCEEDED}
     */
    static void limits(Index index) throws ContainerException {
        FrontChecks.limit(index.getTensorsCount(), Limits.TENSORS, "tensors");
        FrontChecks.limit(Integer.toUnsignedLong(index.getTableCount()), Limits.TABLES, "tables");
        FrontChecks.limit(index.getTableSetsCount(), Limits.TABLE_SETS, "table sets");
        FrontChecks.limit(index.getScales().getDecodedLength(), Limits.SCALES_BYTES, "bytes of scales");
        FrontChecks.limit(index.getTables().getStoredLength(), Limits.TABLES_BYTES, "bytes of tables");
        FrontChecks.limit(index.getTables().getDecodedLength(), Limits.TABLES_BYTES, "bytes of tables");
    }

    /**
     * Checks the requirements R-IDX, and R-MSG-003, R-MSG-005 and R-MSG-009 as far as they concern the index.
     *
     * @param index   the message, within its limits
     * @param tensors the record's tensors in data order
     * @param front   the front, checked
     * @param layer   the index of the first layer, checked, or null where there is none
     * @throws ContainerException {@code UNKNOWN_ENCODING}, {@code MALFORMED_INDEX} or {@code LIMIT_EXCEEDED}
     */
    static void requirements(Index index, List<TensorInfo> tensors, Front front, @Nullable Index layer)
            throws ContainerException {
        requirements(new IndexChecks(index, tensors, front, false, layer));
    }

    /**
     * Checks the same of the index of the first layer.
     *
     * @param index   the message, within its limits
     * @param tensors the record's tensors in data order
     * @param front   the front, checked
     * @throws ContainerException {@code UNKNOWN_ENCODING}, {@code MALFORMED_INDEX} or {@code LIMIT_EXCEEDED}
     */
    static void requirementsOfLayer(Index index, List<TensorInfo> tensors, Front front) throws ContainerException {
        requirements(new IndexChecks(index, tensors, front, true, null));
    }

    private static void requirements(IndexChecks checks) throws ContainerException {
        Index index = checks.index;
        List<TensorInfo> tensors = checks.tensors;
        boolean ofLayer = checks.ofLayer;
        if (index.getTensorsCount() != tensors.size()) {
            throw malformed("the index has " + index.getTensorsCount() + " tensors, the schema " + tensors.size(),
                    null);
        }
        int digests = index.getTensorSha256().size();
        require(digests == 0 || !ofLayer && digests == (long) Digest.LENGTH * tensors.size(),
                ofLayer ? "a layer has tensor_sha256" : "tensor_sha256 is not 32 bytes for each tensor", null);
        long blocks = 0;
        for (int i = 0; i < tensors.size(); i++) {
            checks.tensor(i);
            blocks += index.getTensors(i).getBlockLengthsCount();
        }
        checks.checksums(blocks);
        for (TableSet set : index.getTableSetsList()) {
            checks.tableSet(set);
        }
        checks.chunks();
    }

    private void tensor(int i) throws ContainerException {
        TensorEntry entry = index.getTensors(i);
        TensorInfo info = tensors.get(i);
        PredictorKind predictor = PredictorKind.of(entry.getPredictor())
                .orElseThrow(() -> unknown("predictor", entry.getPredictor(), info));
        ResidualKind residual = ResidualKind.of(entry.getResidual())
                .orElseThrow(() -> unknown("residual", entry.getResidual(), info));
        require(residual.allows(predictor, info.dtype()),
                predictor + " and " + residual + " do not go together for " + info.dtype(), info);
        int shifts = residual.shifts() ? info.dtype().mantissaBits() : 0;
        require(Integer.compareUnsigned(entry.getShift(), shifts) <= 0, "shift out of range", info);
        require(entry.getScale() >= -SCALE && entry.getScale() <= SCALE, "scale out of range", info);
        rowDims(entry, info);
        if (predictor.needsDependency()) {
            dependency(entry.getDependency(), info);
        }
        if (predictor == PredictorKind.LAYER) {
            require(front.hasLayer() && !ofLayer, "there is no layer to predict it", info);
        }
        require(residual != ResidualKind.CELLS || isOfFactors(i), "the layer has no factors of it", info);
        NumberChecks ofNumbers = new NumberChecks(index, tensors, front);
        if (predictor.isOfNumbers()) {
            ofNumbers.check(i, predictor);
        }
        require(residual != ResidualKind.BOUNDED || NumberChecks.isStep(entry.getStep()), "a bad step", info);
        if (residual.usesTables() && !NumberChecks.isHeldElsewhere(i, entry, predictor)) {
            require(Integer.compareUnsigned(entry.getTableSet(), index.getTableSetsCount()) < 0,
                    "table_set out of range", info);
        }
        if (predictor == PredictorKind.SELF) {
            self(i, entry, info);
        }
        long blocks = residual.isOfNumbers()
                ? Math.ceilDiv(ofNumbers.count(i, predictor), ResidualKind.ELEMENTS_PER_BLOCK)
                : residual.blockCount(info);
        require(entry.getBlockLengthsCount() == blocks,
                "the tensor has " + blocks + " blocks, the index " + entry.getBlockLengthsCount() + " lengths", info);
    }

    private void dependency(int dependency, TensorInfo info) throws ContainerException {
        require(Integer.compareUnsigned(dependency, front.getDependenciesCount()) < 0, "dependency out of range", info);
    }

    /** R-CEL-001. */
    private boolean isOfFactors(int i) {
        return layer != null && layer.getTensors(i).getPredictor() == PredictorKind.LOWRANK.id();
    }

    /** R-IDX-007. */
    private static void rowDims(TensorEntry entry, TensorInfo info) throws ContainerException {
        boolean scales = entry.getHasRowScales() || entry.getHasColumnScales();
        int rowDims = entry.getRowDims();
        require(scales == (rowDims != 0) && Integer.compareUnsigned(rowDims, info.shape().size()) <= 0,
                "row_dims out of range", info);
    }

    /** R-IDX-005 and R-PRD-006 within the record. */
    private void self(int i, TensorEntry entry, TensorInfo info) throws ContainerException {
        require(Integer.compareUnsigned(entry.getSourceTensor(), i) < 0, "source_tensor is not an earlier tensor",
                info);
        require(entry.getDependency() == 0, "a source in the same record names a dependency", info);
        TensorInfo source = tensors.get(entry.getSourceTensor());
        require(source.dtype() == info.dtype() && source.byteLength() == info.byteLength(),
                "the source tensor has another dtype or number of elements", info);
    }

    /** R-IDX-012 and R-LIM-018. */
    private void checksums(long blocks) throws ContainerException {
        int checksums = index.getBlockCrc32CCount();
        require(checksums == blocks || hasOneChecksum(checksums, blocks),
                "the index lists " + blocks + " blocks and has " + checksums + " checksums", null);
        if (hasOneChecksum(checksums, blocks)) {
            long bytes = 0;
            for (TensorEntry entry : index.getTensorsList()) {
                for (int block = 0; block < entry.getBlockLengthsCount(); block++) {
                    bytes += Integer.toUnsignedLong(entry.getBlockLengths(block));
                }
            }
            FrontChecks.limit(bytes, Limits.ONE_CHECKSUM, "bytes of blocks with one checksum");
        }
    }

    /**
     * Whether one checksum is of all blocks together (R-IDX-013).
     *
     * @param checksums entries of {@code block_crc32c}
     * @param blocks    blocks that the index lists
     * @return true for one entry and more blocks
     */
    static boolean hasOneChecksum(int checksums, long blocks) {
        return checksums == 1 && blocks > 1;
    }

    /** R-IDX-006. */
    private void tableSet(TableSet set) throws ContainerException {
        int before = 0;
        for (int end : set.getSegmentEndsList()) {
            require(end > before && end <= CONTEXTS, "segment_ends do not ascend", null);
            before = end;
        }
        require(before == CONTEXTS, "segment_ends do not end at 128", null);
        long tables = Integer.toUnsignedLong(set.getFirstTable()) + set.getSegmentEndsCount();
        require(tables <= index.getTableCount(), "a table set reaches past the tables", null);
    }

    /** R-MSG-005, R-IDX-010 and R-IDX-009. */
    private void chunks() throws ContainerException {
        Chunk tables = index.getTables();
        require(FrontChecks.hasRawLengths(tables), "the tables chunk is RAW and has two lengths", null);
        require(FrontChecks.hasRawLengths(index.getScales()), "the scales chunk is RAW and has two lengths", null);
        require(index.hasTables() == (index.getTableCount() != 0), "table_count does not go with the tables chunk",
                null);
        require(tables.getCoding() == ChunkCoding.CHUNK_CODING_RAW, "the tables chunk is not RAW", null);
        require(FrontChecks.isOfAnyChunk(index.getScales().getCoding()), "unknown coding of the scales chunk", null);
        long scales = 0;
        for (int i = 0; i < tensors.size(); i++) {
            scales += scales(index.getTensors(i), tensors.get(i));
            require(scales <= Limits.SCALES_BYTES, "more scales than a chunk may hold", tensors.get(i));
        }
        require(scales == index.getScales().getDecodedLength(), "the scales chunk has not the length of its scales",
                null);
    }

    /** The number of a tensor's scales, or one more than any chunk may hold. */
    private static long scales(TensorEntry entry, TensorInfo info) {
        long tooMany = Limits.SCALES_BYTES + 1;
        try {
            long rows = entry.getHasRowScales() ? info.rows(entry.getRowDims()) : 0;
            long columns = entry.getHasColumnScales() ? info.columns(entry.getRowDims()) : 0;
            return Math.min(tooMany, Math.addExact(rows, columns));
        } catch (ArithmeticException e) {
            // A product of dimensions beside one that is 0: no chunk holds that many.
            return tooMany;
        }
    }

    private static void require(boolean condition, String otherwise, @Nullable TensorInfo info)
            throws ContainerException {
        if (!condition) {
            throw malformed(otherwise, info);
        }
    }

    private static ContainerException malformed(String detail, @Nullable TensorInfo info) {
        return new ContainerException(ErrorCode.MALFORMED_INDEX, detail, null, info == null ? null : info.name(), -1,
                null);
    }

    private static ContainerException unknown(String what, int id, TensorInfo info) {
        return new ContainerException(ErrorCode.UNKNOWN_ENCODING,
                "unknown " + what + " " + Integer.toUnsignedString(id), null, info.name(), -1, null);
    }
}
