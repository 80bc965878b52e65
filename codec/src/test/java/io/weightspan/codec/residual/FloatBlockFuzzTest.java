package io.weightspan.codec.residual;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.entropy.BitReader;
import io.weightspan.codec.entropy.DecodingTables;
import io.weightspan.codec.entropy.FrequencyTable;
import io.weightspan.codec.residual.FloatBlockDecoder.Prediction;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Any table and any block decode or are refused with their own codes; nothing else escapes. */
class FloatBlockFuzzTest {
    private static final DType[] FLOATS = {DType.BF16, DType.F32, DType.F64, DType.F16, DType.F8_E5M2};

    @FuzzTest
    void anyTableAndBlockAreDecodedOrRefused(FuzzedDataProvider data) {
        DType dtype = FLOATS[data.consumeInt(0, FLOATS.length - 1)];
        int n = data.consumeInt(1, 300);
        FloatFormat format = new FloatFormat(dtype, data.consumeInt(0, dtype.mantissaBits()));
        int scale = data.consumeInt(-65_536, 65_536);
        boolean delta = data.consumeBoolean();
        byte[] table = data.consumeBytes(60);
        byte[] block = data.consumeRemainingAsBytes();
        try {
            BitReader bits = new BitReader(table, ErrorCode.MALFORMED_TABLE);
            DecodingTables tables = new DecodingTables(List.of(FrequencyTable.read(bits)));
            FloatBlockDecoder.Parameters parameters = new FloatBlockDecoder.Parameters(format,
                    ElementScales.uniform(scale), tables, new int[128]);
            int bytes = n * dtype.bits() / 8;
            boolean cells = format.shift() == 0 && scale % 2 == 0 && dtype.isReal() && dtype != DType.F32;
            float[] sums = new float[n];
            Arrays.fill(sums, Float.intBitsToFloat(scale * 0x9E37));
            Prediction prediction = delta
                    ? new Prediction(MemorySegment.ofArray(new byte[bytes]), dtype, cells ? sums : null)
                    : null;
            FloatBlockDecoder.create(dtype).decode(parameters, MemorySegment.ofArray(block), prediction, 0,
                    MemorySegment.ofArray(new byte[bytes]));
        } catch (ContainerException e) {
            assertThat(e.code()).isIn(ErrorCode.MALFORMED_TABLE, ErrorCode.MALFORMED_BLOCK);
        }
    }
}
