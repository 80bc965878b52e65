package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Two tensors of an adapter whose product is added to a layer, known by their names: those of PEFT ({@code lora_B}
 *     times
 * {@code lora_A}), of diffusers ({@code lora.up}, {@code lora.down}) and of kohya ({@code lora_up}, {@code lora_down}).
 *
 * @param left  index of the tensor of m rows and r columns
 * @param right index of the tensor of r rows and n columns
 * @param slot  the pair's name: that of the right tensor
 */
public record FactorPair(int left, int right, String slot) {
    private static final String[][] NAMES = {
        {"lora_A", "lora_B"}, {"lora_down", "lora_up"}, {"lora.down", "lora.up"}, {".down.", ".up."}
    };

    /**
     * Finds the pairs among tensors.
     *
     * @param tensors a file's
     * @return the pairs whose tensors are floats of two dimensions that fit together, in the order of the right
     *     tensors; a tensor is of one pair at most
     */
    public static List<FactorPair> of(List<TensorInfo> tensors) {
        Map<String, Integer> places = new HashMap<>();
        for (int t = 0; t < tensors.size(); t++) {
            places.put(tensors.get(t).name(), t);
        }
        List<FactorPair> pairs = new ArrayList<>();
        // By its name alone a tensor can be the left one of one pair and the right one of another.
        Set<Integer> paired = new HashSet<>();
        for (int right = 0; right < tensors.size(); right++) {
            String name = tensors.get(right).name();
            for (String[] names : NAMES) {
                int at = name.lastIndexOf(names[0]);
                if (at >= 0) {
                    String other = name.substring(0, at) + names[1] + name.substring(at + names[0].length());
                    Integer left = places.get(other);
                    boolean fits = left != null
                            && !paired.contains(left)
                            && !paired.contains(right)
                            && fit(tensors.get(left), tensors.get(right));
                    if (left != null && fits) {
                        paired.add(left);
                        paired.add(right);
                        pairs.add(new FactorPair(left, right, name));
                    }
                    break;
                }
            }
        }
        return pairs;
    }

    private static boolean fit(TensorInfo left, TensorInfo right) {
        return left.dtype().isReal()
                && right.dtype().isReal()
                && left.shape().size() == 2
                && right.shape().size() == 2
                && left.shape().get(1).equals(right.shape().get(0))
                && left.elementCount() > 0
                && right.elementCount() > 0
                && left.elementCount() <= 1 << 26
                && right.elementCount() <= 1 << 26;
    }
}
