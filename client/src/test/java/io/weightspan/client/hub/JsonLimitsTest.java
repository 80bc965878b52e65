package io.weightspan.client.hub;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.databind.json.JsonMapper;

/** A server's answer is hostile until read. */
class JsonLimitsTest {

    @Test
    void deepNestingIsRefusedBeforeTheStackEnds() {
        String deep = "[".repeat(1_000_000);
        JsonMapper mapper = JsonMapper.builder().build();

        assertThatThrownBy(() -> mapper.readTree(deep)).isInstanceOf(StreamConstraintsException.class);
    }
}
