package io.weightspan.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.junit.jupiter.api.Test;

/** Tests run with the flags of the launcher, so that they exercise the kernels that people run. */
class VectorModuleTest {

    @Test
    void theVectorModuleIsInTheBootLayer() {
        assertThat(ModuleLayer.boot().findModule("jdk.incubator.vector")).isPresent();
    }

    @Test
    void bytesWidenToUnsignedInts() {
        byte[] bytes = new byte[64];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 5);
        }
        var narrow = ByteVector.fromArray(ByteVector.SPECIES_64, bytes, 0);
        var wide = narrow.convertShape(VectorOperators.ZERO_EXTEND_B2I, IntVector.SPECIES_256, 0);
        for (int lane = 0; lane < IntVector.SPECIES_256.length(); lane++) {
            assertThat(wide.reinterpretAsInts().lane(lane)).isEqualTo(bytes[lane] & 0xff);
        }
    }
}
