package io.weightspan.codec.safetensors;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the JSON of a safetensors header in one pass. The bytes are decoded by a strict UTF-8 decoder before Jackson
 * sees them, as Jackson's own lets some malformed sequences through. For one thread.
 */
final class HeaderParser {
    /** The member of the header that is no tensor. */
    private static final String METADATA = "__metadata__";

    private static final JsonFactory JSON = JsonFactory.builder()
            // Names come from strangers and rarely repeat: no shared table of them.
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    // A header has three levels; whatever is deeper is malformed.
                    .maxNestingDepth(4)
                    // Strings are bounded by R-LIM-003 alone.
                    .maxNameLength((int) Limits.JSON_BYTES).maxStringLength((int) Limits.JSON_BYTES).build())
            .build();

    private final JsonParser parser;
    private final Set<String> names = new HashSet<>();
    private final List<TensorInfo> tensors = new ArrayList<>();
    private @Nullable Map<String, String> metadata;

    private HeaderParser(JsonParser parser) {
        this.parser = parser;
    }

    /**
     * What a header holds.
     *
     * @param tensors  in the header's order; each agrees with its own shape and dtype
     * @param metadata the member {@code __metadata__}, unmodifiable
     */
    record Parsed(List<TensorInfo> tensors, Map<String, String> metadata) {}

    /**
     * Parses the JSON of a header: R-SCH-002 to 006 and 008.
     *
     * @param json all of its bytes, at most {@link Limits#JSON_BYTES}
     * @return what it holds
     * @throws ContainerException as {@link SafetensorsHeader#parse} says
     */
    static Parsed parse(MemorySegment json) throws ContainerException {
        checkEnds(json);
        Reader text = new InputStreamReader(new SegmentInputStream(json),
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
            return new HeaderParser(parser).header();
        } catch (JacksonException e) {
            throw new ContainerException(ErrorCode.MALFORMED_SCHEMA,
                    "the header is not JSON in UTF-8: " + e.getOriginalMessage(), null, null, -1, e);
        }
    }

    /** The parts of R-SCH-002 that a JSON parser is more lenient about: no space before, only spaces after. */
    private static void checkEnds(MemorySegment json) throws ContainerException {
        if (json.byteSize() == 0 || json.get(ValueLayout.JAVA_BYTE, 0) != '{') {
            throw malformed("the header does not begin with {", null);
        }
        long last = json.byteSize() - 1;
        while (json.get(ValueLayout.JAVA_BYTE, last) == ' ') {
            last--;
        }
        if (json.get(ValueLayout.JAVA_BYTE, last) != '}') {
            throw malformed("the header does not end with } and spaces", null);
        }
    }

    private Parsed header() throws ContainerException {
        expect(JsonToken.START_OBJECT, "the header is not an object", null);
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            if (name.equals(METADATA)) {
                if (metadata != null) {
                    throw duplicate(METADATA, null);
                }
                metadata = metadata();
            } else {
                checkName(name);
                tensors.add(tensor(name));
            }
        }
        if (parser.nextToken() != null) {
            throw malformed("the header goes on after its object", null);
        }
        return new Parsed(tensors, metadata == null ? Map.of() : Collections.unmodifiableMap(metadata));
    }

    private void checkName(String name) throws ContainerException {
        if (utf8Length(name) > Limits.NAME_BYTES) {
            throw new ContainerException(ErrorCode.LIMIT_EXCEEDED, "tensor name of " + utf8Length(name) + " bytes");
        }
        if (!names.add(name)) {
            throw duplicate(name, name);
        }
        if (names.size() > Limits.TENSORS) {
            throw new ContainerException(ErrorCode.LIMIT_EXCEEDED, "more than " + Limits.TENSORS + " tensors");
        }
    }

    private Map<String, String> metadata() throws ContainerException {
        expect(JsonToken.START_OBJECT, "__metadata__ is not an object", null);
        Map<String, String> values = new LinkedHashMap<>();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            expect(JsonToken.VALUE_STRING, "a value of __metadata__ is not a string", null);
            String value = parser.getString();
            utf8Length(name);
            utf8Length(value);
            if (values.put(name, value) != null) {
                throw duplicate(name, null);
            }
        }
        return values;
    }

    private TensorInfo tensor(String name) throws ContainerException {
        expect(JsonToken.START_OBJECT, "the header's member is not an object", name);
        DType dtype = null;
        List<Long> shape = null;
        List<Long> offsets = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String key = parser.currentName();
            boolean again = switch (key) {
                case "dtype" -> dtype != null;
                case "shape" -> shape != null;
                case "data_offsets" -> offsets != null;
                default -> throw malformed("unknown member " + key, name);
            };
            if (again) {
                throw duplicate(key, name);
            }
            switch (key) {
                case "dtype" -> dtype = dtype(name);
                case "shape" -> shape = numbers("shape", Limits.DIMENSIONS, name);
                default -> offsets = numbers("data_offsets", 2, name);
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.size() != 2) {
            throw malformed("dtype, shape and two data_offsets are not all there", name);
        }
        return checked(name, dtype, shape, offsets.get(0), offsets.get(1));
    }

    private DType dtype(String tensor) throws ContainerException {
        expect(JsonToken.VALUE_STRING, "dtype is not a string", tensor);
        String text = parser.getString();
        return DType.of(text).orElseThrow(() -> malformed("unknown dtype " + text, tensor));
    }

    private List<Long> numbers(String what, int most, String tensor) throws ContainerException {
        expect(JsonToken.START_ARRAY, what + " is not an array", tensor);
        List<Long> numbers = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (numbers.size() == most) {
                throw most == Limits.DIMENSIONS
                        ? new ContainerException(ErrorCode.LIMIT_EXCEEDED, "more than " + most + " dimensions", null,
                                tensor, -1, null)
                        : malformed(what + " has more than " + most + " numbers", tensor);
            }
            // The text is looked at for -0, which as a number is not negative.
            if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || parser.getString().startsWith("-")) {
                throw malformed(what + " holds something else than integers of at least 0", tensor);
            }
            numbers.add(parser.getLongValue());
        }
        return numbers;
    }

    /** R-SCH-006. */
    private static TensorInfo checked(String name, DType dtype, List<Long> shape, long begin, long end)
            throws ContainerException {
        if (end < begin) {
            throw malformed("data_offsets end before they begin", name);
        }
        TensorInfo tensor = new TensorInfo(name, dtype, shape, begin, end);
        long bits;
        try {
            bits = Math.multiplyExact(tensor.elementCount(), dtype.bits());
        } catch (ArithmeticException e) {
            throw new ContainerException(ErrorCode.MALFORMED_SCHEMA, "shape " + shape + " is too large", null, name,
                    -1, e);
        }
        if (bits % 8 != 0 || bits / 8 != tensor.byteLength()) {
            throw malformed(dtype + " of shape " + shape + " has " + bits + " bits and is given "
                    + tensor.byteLength() + " bytes", name);
        }
        return tensor;
    }

    private void expect(JsonToken token, String otherwise, @Nullable String tensor) throws ContainerException {
        if (parser.nextToken() != token) {
            throw malformed(otherwise, tensor);
        }
    }

    /** The length of a string in UTF-8; refuses unpaired surrogates, which have none (R-SCH-002). */
    private static int utf8Length(String text) throws ContainerException {
        int length = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                length++;
            } else if (c < 0x800) {
                length += 2;
            } else if (!Character.isSurrogate(c)) {
                length += 3;
            } else if (Character.isHighSurrogate(c) && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                length += 4;
                i++;
            } else {
                throw malformed("a string of the header holds an unpaired surrogate", null);
            }
        }
        return length;
    }

    private static ContainerException duplicate(String name, @Nullable String tensor) {
        return new ContainerException(ErrorCode.DUPLICATE_NAME, "the name " + name + " occurs twice", null, tensor,
                -1, null);
    }

    private static ContainerException malformed(String detail, @Nullable String tensor) {
        return new ContainerException(ErrorCode.MALFORMED_SCHEMA, detail, null, tensor, -1, null);
    }
}
