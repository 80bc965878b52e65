package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A basis as one: the directions of all its files ({@link BasisFile}), those of an older file before those that were
 * added. Nothing is kept but the files. Thread-safe as these are.
 */
public final class BasisSegments {
    private final List<DecodedFile> files;

    /**
     * Takes files together.
     *
     * @param files the oldest first; they stay the caller's to close
     */
    public BasisSegments(List<? extends DecodedFile> files) {
        this.files = List.copyOf(files);
    }

    /**
     * The names of the slots that have directions.
     *
     * @return those of tensors, and those of products with {@link BasisFitter#PRODUCT} at their end, in data order
     */
    public Set<String> slots() {
        Set<String> slots = new LinkedHashSet<>();
        for (DecodedFile file : files) {
            Set<String> names = new LinkedHashSet<>();
            file.tensors().forEach(tensor -> names.add(tensor.name()));
            for (String name : names) {
                for (String side : List.of(BasisFile.LEFT, BasisFile.RIGHT)) {
                    if (name.endsWith(side) && names.contains(name + BasisFile.SCALES)) {
                        slots.add(name.substring(0, name.length() - side.length()));
                    }
                }
            }
        }
        return slots;
    }

    /**
     * Left directions of a slot.
     *
     * @param slot its name
     * @param length elements of each: the matrix's rows
     * @return the directions, or empty where there are none of this length
     * @throws IOException if a file cannot be read
     */
    public Optional<Directions> left(String slot, long length) throws IOException {
        return read(slot + BasisFile.LEFT, length);
    }

    /**
     * Right directions of a slot.
     *
     * @param slot its name
     * @param length elements of each: the matrix's columns
     * @return the directions, or empty where there are none of this length
     * @throws IOException if a file cannot be read
     */
    public Optional<Directions> right(String slot, long length) throws IOException {
        return read(slot + BasisFile.RIGHT, length);
    }

    /**
     * The mean that a slot's differences are taken from.
     *
     * @param slot its name
     * @param elements of its tensors
     * @return the tensor, of F16 or BF16, or empty where differences are from a base or from nothing
     */
    public Optional<MemberTensor> mean(String slot, long elements) {
        for (DecodedFile file : files) {
            for (TensorInfo tensor : file.tensors()) {
                if (tensor.name().equals(slot + BasisFile.MEAN) && isMean(tensor, elements)) {
                    return Optional.of(new MemberTensor(file, tensor));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * Whether a tensor of a basis can be a slot's mean.
     *
     * @param tensor the tensor
     * @param elements of the slot's tensors
     * @return whether it is of F16 or BF16 and has as many
     */
    public static boolean isMean(TensorInfo tensor, long elements) {
        return (tensor.dtype() == DType.BF16 || tensor.dtype() == DType.F16) && tensor.elementCount() == elements;
    }

    private Optional<Directions> read(String name, long length) throws IOException {
        List<Directions> found = new ArrayList<>();
        for (DecodedFile file : files) {
            for (int t = 0; t < file.tensors().size(); t++) {
                TensorInfo tensor = file.tensors().get(t);
                if (tensor.name().equals(name) && !tensor.shape().isEmpty()) {
                    Directions.read(file, t, Math.toIntExact(tensor.shape().getFirst()), length)
                            .ifPresent(found::add);
                }
            }
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(Directions.concatenate(found));
    }
}
