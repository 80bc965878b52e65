package io.weightspan.codec.basis;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Factors are paired by their names, and only where their shapes and dtypes fit. */
class FactorPairTest {
    private static TensorInfo tensor(String name, DType dtype, Long... shape) {
        long elements = 1;
        for (long dimension : shape) {
            elements *= dimension;
        }
        return new TensorInfo(name, dtype, List.of(shape), 0, elements * dtype.bits() / 8);
    }

    private static TensorInfo tensor(String name, Long... shape) {
        return tensor(name, DType.BF16, shape);
    }

    @ParameterizedTest
    @CsvSource({
        "base_model.model.layers.0.q_proj.lora_A.weight, base_model.model.layers.0.q_proj.lora_B.weight",
        "model.q_proj.lora_A.default.weight, model.q_proj.lora_B.default.weight",
        "lora_A, lora_B",
        "unet.mid_block.attn1.to_q.lora.down.weight, unet.mid_block.attn1.to_q.lora.up.weight",
        "unet.attn1.processor.to_q_lora.down.weight, unet.attn1.processor.to_q_lora.up.weight",
        "lora_unet_down_blocks_0_attn1_to_q.lora_down.weight, lora_unet_down_blocks_0_attn1_to_q.lora_up.weight",
        "lora_A.0.lora_A.weight, lora_A.0.lora_B.weight"
    })
    void namesOfEveryToolArePaired(String down, String up) {
        TensorInfo right = tensor(down, 4L, 30L);
        TensorInfo left = tensor(up, 20L, 4L);
        assertThat(FactorPair.of(List.of(right, left))).containsExactly(new FactorPair(1, 0, down));
        assertThat(FactorPair.of(List.of(left, tensor("alpha"), right))).containsExactly(new FactorPair(0, 2, down));
        assertThat(FactorPair.of(List.of(right))).isEmpty();
        assertThat(FactorPair.of(List.of(left))).isEmpty();
    }

    @Test
    void shapesAndDtypesMustFit() {
        TensorInfo right = tensor("x.lora_A", 4L, 30L);
        List<TensorInfo> bad = List.of(
                tensor("x.lora_B", 20L, 5L),
                tensor("x.lora_B", 4L, 20L),
                tensor("x.lora_B", 4L),
                tensor("x.lora_B"),
                tensor("x.lora_B", 20L, 4L, 1L),
                tensor("x.lora_B", 0L, 4L),
                tensor("x.lora_B", DType.F64, 20L, 4L),
                tensor("x.lora_B", DType.I32, 20L, 4L),
                tensor("x.lora_B", DType.F8_E4M3, 20L, 4L),
                tensor("x.lora_B", 1L << 25, 4L));
        for (TensorInfo left : bad) {
            assertThat(FactorPair.of(List.of(right, left))).as("%s", left).isEmpty();
        }
        assertThat(FactorPair.of(List.of(right, tensor("x.lora_B", DType.F32, 20L, 4L)))).hasSize(1);
        assertThat(FactorPair.of(List.of(right, tensor("x.lora_B", DType.F16, 20L, 4L)))).hasSize(1);
        assertThat(FactorPair.of(List.of(tensor("y.lora_A", 0L, 30L), tensor("y.lora_B", 20L, 0L)))).isEmpty();
    }

    @Test
    void pairsStandInTheOrderOfTheirRightTensors() {
        List<TensorInfo> tensors = List.of(
                tensor("b.lora_B", 8L, 2L),
                tensor("a.lora_A", 3L, 9L),
                tensor("b.lora_A", 2L, 9L),
                tensor("a.lora_B", 7L, 3L));
        assertThat(FactorPair.of(tensors))
                .containsExactly(new FactorPair(3, 1, "a.lora_A"), new FactorPair(0, 2, "b.lora_A"));
    }

    /** By its name the second tensor is the left one of the first, and the right one of the third. */
    @Test
    void aTensorIsOfOnePairOnly() {
        List<TensorInfo> tensors = List.of(
                tensor("lora_A.lora_down", 8L, 8L), tensor("lora_B.lora_down", 8L, 8L),
                tensor("lora_B.lora_up", 8L, 8L));
        assertThat(FactorPair.of(tensors)).containsExactly(new FactorPair(1, 0, "lora_A.lora_down"));
    }

    /** Names put together of all that means anything: no tensor is paired twice or with itself, shapes fit. */
    @Property(tries = 500)
    void hostileNamesGiveDistinctPairs(@ForAll long seed) {
        Random random = new Random(seed);
        String[] parts = {"lora_A", "lora_B", "lora_down", "lora_up", "lora.down", "lora.up", ".down.", ".up.", "x"};
        Set<String> names = new HashSet<>();
        List<TensorInfo> tensors = new ArrayList<>();
        for (int t = 0; t < 40; t++) {
            StringBuilder name = new StringBuilder();
            for (int part = random.nextInt(4); part >= 0; part--) {
                name.append(parts[random.nextInt(parts.length)]);
            }
            if (names.add(name.toString())) {
                tensors.add(tensor(name.toString(), random.nextInt(9) == 0 ? 3L : 2L, 2L));
            }
        }
        Set<Integer> used = new HashSet<>();
        for (FactorPair pair : FactorPair.of(tensors)) {
            assertThat(used.add(pair.left())).as("%s", pair).isTrue();
            assertThat(used.add(pair.right())).as("%s", pair).isTrue();
            assertThat(tensors.get(pair.left()).shape().get(1)).isEqualTo(tensors.get(pair.right()).shape().get(0));
            assertThat(pair.slot()).isEqualTo(tensors.get(pair.right()).name());
        }
    }
}
