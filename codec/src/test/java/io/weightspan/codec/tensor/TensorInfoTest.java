package io.weightspan.codec.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TensorInfoTest {
    @Test
    void aTensorIsAMatrixOfItsFirstAndItsOtherDimensions() {
        TensorInfo tensor = new TensorInfo("w", DType.BF16, List.of(2L, 3L, 5L), 10, 70);
        assertThat(tensor.elementCount()).isEqualTo(30);
        assertThat(tensor.byteLength()).isEqualTo(60);
        assertThat(tensor.rows(0)).isEqualTo(1);
        assertThat(tensor.columns(0)).isEqualTo(30);
        assertThat(tensor.rows(2)).isEqualTo(6);
        assertThat(tensor.columns(2)).isEqualTo(5);
        assertThat(tensor.columns(3)).isEqualTo(1);
        assertThatThrownBy(() -> tensor.rows(4)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @Test
    void aScalarHasOneElementAndAnEmptyTensorNone() {
        assertThat(new TensorInfo("s", DType.F32, List.of(), 0, 4).elementCount()).isEqualTo(1);
        assertThat(new TensorInfo("e", DType.F32, List.of(4L, 0L), 4, 4).elementCount()).isZero();
    }

    @Test
    void aProductThatOverflowsIsAnError() {
        TensorInfo tensor = new TensorInfo("o", DType.U8, List.of(1L << 32, 1L << 32), 0, 0);
        assertThatThrownBy(tensor::elementCount).isInstanceOf(ArithmeticException.class);
    }

    @Test
    void rSch010AnOpaqueFileIsOneTensorOfBytes() {
        assertThat(TensorInfo.opaque(9)).isEqualTo(new TensorInfo("", DType.U8, List.of(9L), 0, 9));
    }

    @Test
    void whatIsNoRangeOrShapeIsRefused() {
        assertThatThrownBy(() -> new TensorInfo("x", DType.U8, List.of(1L), 2, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TensorInfo("x", DType.U8, List.of(1L), -1, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new TensorInfo("x", DType.U8, List.of(-1L), 0, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
