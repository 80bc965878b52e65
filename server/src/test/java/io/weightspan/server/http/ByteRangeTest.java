package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.http.ByteRange.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Range fields by RFC 9110 section 14.1.2, cut to what there is. */
class ByteRangeTest {

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, 1",
        "bytes=0-, 0, 1000",
        "bytes=10-19, 10, 10",
        "bytes=999-, 999, 1",
        "bytes=0-100000, 0, 1000",
        "bytes=5-99999999999999999999999999, 5, 995",
        "bytes=-1, 999, 1",
        "bytes=-5000, 0, 1000",
        "BYTES=1-2, 1, 2",
        "bytes= 1-2, 1, 2"
    })
    void cutsToSize(String field, long first, long length) {
        ByteRange.Parsed parsed = ByteRange.parse(field, 1000);
        assertThat(parsed.outcome()).isEqualTo(Outcome.PART);
        assertThat(parsed.range()).isEqualTo(new ByteRange(first, length));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=3-2", "bytes=1-2,4-5", "bytes=-+5",
                "items=0-1", "bytes=1-2-3", "bytes=0x1-2", "bytes=1-\u0662"
            })
    void ignoresWhatIsNoSingleRange(String field) {
        assertThat(ByteRange.parse(field, 1000).outcome()).isEqualTo(Outcome.WHOLE);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=1000-, 1000",
        "bytes=1000-1001, 1000",
        "bytes=99999999999999999999999999-, 1000",
        "bytes=-0, 1000",
        "bytes=0-, 0",
        "bytes=-5, 0"
    })
    void tellsPastTheEnd(String field, long size) {
        assertThat(ByteRange.parse(field, size).outcome()).isEqualTo(Outcome.UNSATISFIABLE);
    }

    @Test
    void writesContentRangeBeyondTwoGiB() {
        assertThat(new ByteRange(5_000_000_000L, 10).contentRange(6_000_000_000L))
                .isEqualTo("bytes 5000000000-5000000009/6000000000");
    }
}
