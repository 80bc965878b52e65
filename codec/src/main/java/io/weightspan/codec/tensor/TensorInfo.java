package io.weightspan.codec.tensor;

import java.util.List;

/**
 * Name, type, shape and place of one tensor. Offsets count from the start of the data part, that is from the first
 * byte after the schema. Immutable.
 *
 * <p>An instance states what a header says; that shape, dtype and range agree (R-SCH-006) is checked by whoever parses
 * the header, and every method here relies on it.
 *
 * @param name  name as in the header; empty for the one tensor of an opaque file
 * @param dtype type of the elements
 * @param shape dimensions, each at least 0; empty for a single element
 * @param begin offset of the first byte, at least 0
 * @param end   offset after the last byte, at least {@code begin}
 */
public record TensorInfo(String name, DType dtype, List<Long> shape, long begin, long end) {
    /**
     * Checks the arguments and copies the shape.
     *
     * @throws IllegalArgumentException if a dimension is negative or the range is not one
     */
    public TensorInfo {
        shape = List.copyOf(shape);
        if (begin < 0 || end < begin) {
            throw new IllegalArgumentException("not a range: [" + begin + ", " + end + ")");
        }
        for (long dimension : shape) {
            if (dimension < 0) {
                throw new IllegalArgumentException("negative dimension " + dimension);
            }
        }
    }

    /**
     * The one tensor of a file without a schema (R-SCH-010).
     *
     * @param fileLength bytes of the file, at least 0
     * @return a tensor of dtype U8 and shape [{@code fileLength}] with an empty name
     */
    public static TensorInfo opaque(long fileLength) {
        return new TensorInfo("", DType.U8, List.of(fileLength), 0, fileLength);
    }

    /**
     * The number of elements.
     *
     * @return the product of the dimensions, 1 without any
     * @throws ArithmeticException if an intermediate product is above 2^63 - 1
     */
    public long elementCount() {
        return product(0, shape.size());
    }

    /**
     * The tensor's bytes.
     *
     * @return {@code end - begin}
     */
    public long byteLength() {
        return end - begin;
    }

    /**
     * Rows of the tensor seen as a matrix: the product of the first dimensions.
     *
     * @param rowDims how many dimensions form the rows, 0 to the number of dimensions
     * @return the number of rows, 1 for {@code rowDims} 0
     * @throws ArithmeticException       if the product is above 2^63 - 1
     * @throws IndexOutOfBoundsException if {@code rowDims} is out of range
     */
    public long rows(int rowDims) {
        return product(0, rowDims);
    }

    /**
     * Columns of the tensor seen as a matrix: the product of the dimensions that do not form the rows.
     *
     * @param rowDims how many dimensions form the rows, 0 to the number of dimensions
     * @return the number of columns, 1 where every dimension forms rows
     * @throws ArithmeticException       if the product is above 2^63 - 1
     * @throws IndexOutOfBoundsException if {@code rowDims} is out of range
     */
    public long columns(int rowDims) {
        return product(rowDims, shape.size());
    }

    private long product(int from, int to) {
        long product = 1;
        for (long dimension : shape.subList(from, to)) {
            product = Math.multiplyExact(product, dimension);
        }
        return product;
    }
}
