package io.weightspan.codec.container;

import java.io.IOException;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Data that is not what the format says (R-ERR-001): the code, the container or file, the offset in it and the tensor,
 * as far as they are known. Whoever knows more adds it with {@link #in}; a place that was already given stays.
 */
public final class ContainerException extends IOException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String detail;
    private final @Nullable String container;
    private final @Nullable String tensor;
    private final long offset;

    /**
     * An error whose place is not known yet.
     *
     * @param code   what is wrong
     * @param detail one sentence for people, without the place
     */
    public ContainerException(ErrorCode code, String detail) {
        this(code, detail, null, null, -1, null);
    }

    /**
     * An error at a place.
     *
     * @param code      what is wrong
     * @param detail    one sentence for people, without the place
     * @param container name of the container or file, or null if not known
     * @param tensor    name of the tensor, or null if there is none
     * @param offset    offset in the container or file, or -1 if not known
     * @param cause     what a library said, or null
     */
    public ContainerException(ErrorCode code, String detail, @Nullable String container, @Nullable String tensor,
            long offset, @Nullable Throwable cause) {
        super(message(code, detail, container, tensor, offset), cause);
        this.code = code;
        this.detail = detail;
        this.container = container;
        this.tensor = tensor;
        this.offset = offset;
    }

    private static String message(ErrorCode code, String detail, @Nullable String container, @Nullable String tensor,
            long offset) {
        StringBuilder text = new StringBuilder(code.name()).append(": ").append(detail);
        String separator = " (";
        if (container != null) {
            text.append(separator).append(container);
            separator = ", ";
        }
        if (tensor != null) {
            text.append(separator).append("tensor ").append(tensor);
            separator = ", ";
        }
        if (offset >= 0) {
            text.append(separator).append("offset ").append(offset);
            separator = ", ";
        }
        return separator.equals(", ") ? text.append(')').toString() : text.toString();
    }

    /**
     * The same error with its place filled in where it was not known.
     *
     * @param inContainer name of the container or file
     * @param inTensor    name of the tensor, or null if there is none
     * @param atOffset    offset in the container or file, or -1 if not known
     * @return an exception with this one's stack trace; this one if nothing is added
     */
    public ContainerException in(String inContainer, @Nullable String inTensor, long atOffset) {
        String newContainer = container != null ? container : inContainer;
        String newTensor = tensor != null ? tensor : inTensor;
        // An offset belongs to the container that was named with it.
        long newOffset = offset >= 0 || container != null ? offset : atOffset;
        if (container != null && Objects.equals(newTensor, tensor)) {
            return this;
        }
        ContainerException placed = new ContainerException(code, detail, newContainer, newTensor, newOffset,
                getCause());
        placed.setStackTrace(getStackTrace());
        return placed;
    }

    /**
     * What is wrong.
     *
     * @return one of the closed list
     */
    public ErrorCode code() {
        return code;
    }

    /**
     * What is wrong, for people, without code and place.
     *
     * @return one sentence
     */
    public String detail() {
        return detail;
    }

    /**
     * The container or file.
     *
     * @return its name, empty if not known
     */
    public Optional<String> container() {
        return Optional.ofNullable(container);
    }

    /**
     * The tensor.
     *
     * @return its name, empty if there is none or it is not known
     */
    public Optional<String> tensor() {
        return Optional.ofNullable(tensor);
    }

    /**
     * Where in the container or file the offending structure begins.
     *
     * @return a byte offset, empty if not known
     */
    public OptionalLong offset() {
        return offset < 0 ? OptionalLong.empty() : OptionalLong.of(offset);
    }
}
