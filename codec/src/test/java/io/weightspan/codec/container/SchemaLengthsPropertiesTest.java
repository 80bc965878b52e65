package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Every schema comes back from its text, and every header from a container. */
class SchemaLengthsPropertiesTest {
    private static final List<String> TOKENS = List.of("\"data_offsets\":[", "]", ",", "0", "1", "12",
            "999999999999999",
            "00", "\"data_offsets\":[0,0]", "\"data_offsets\":[0,5]", "\"data_offsets\":[5,17]", "\"data_offsets\":",
            "[", "\\\"", "\"", " ", "\"data_offsets\":[7]", "-", "\u00E4");

    @Property(tries = 2000)
    void whatHasATextComesBackFromIt(@ForAll @Size(max = 30) List<@IntRange(max = 18) Integer> tokens)
            throws MalformedFrameException {
        StringBuilder text = new StringBuilder();
        tokens.forEach(token -> text.append(TOKENS.get(token)));
        byte[] schema = TestRecords.safetensors(text.toString(), new byte[0]);
        byte[] shortened = SchemaLengths.shorten(schema).orElse(null);
        if (shortened == null) {
            assertThat(text.toString()).as("only what holds a length has no text").containsPattern("\\[\\d+]");
        } else {
            assertThat(SchemaLengths.expand(shortened, schema.length)).isEqualTo(schema);
            assertThat(shortened.length).isLessThanOrEqualTo(schema.length - Long.BYTES);
        }
    }

    @Property(tries = 200)
    void headersInAnyOrderComeBack(@ForAll @Size(max = 20) List<@IntRange(max = 300) Integer> lengths,
            @ForAll long seed, @ForAll boolean shuffled) throws IOException {
        Random random = new Random(seed);
        List<String> members = new ArrayList<>();
        int end = 0;
        for (int i = 0; i < lengths.size(); i++) {
            String space = random.nextInt(8) == 0 ? " " : "";
            members.add("\"layer." + i + "\\\"\u00E4\":{\"dtype\":\"U8\",\"shape\":[" + lengths.get(i)
                    + "],\"data_offsets\":["
                    + space + end + "," + (end + lengths.get(i)) + "]}");
            end += lengths.get(i);
        }
        if (shuffled) {
            Collections.shuffle(members, random);
        }
        String json = "{" + String.join(",", members) + "}";
        byte[] record = TestRecords.record(json, TestRecords.data(end));
        try (Container container = TestRecords.open(record, Verification.FULL)) {
            byte[] schema = container.schema().toArray(ValueLayout.JAVA_BYTE);
            assertThat(new String(schema, 8, schema.length - 8, StandardCharsets.UTF_8)).isEqualTo(json);
        }
    }
}
