package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.Objects;

/** What tests say about containers that must be refused or accepted. */
final class Refusals {
    private Refusals() {}

    /** The container is refused with that code, at every level, and the error names it (R-ERR-001). */
    static ContainerException assertRefused(byte[] container, ErrorCode code) {
        ContainerException last = null;
        for (Verification level : Verification.values()) {
            last = assertRefused(container, level, code);
        }
        assertThat(last).isNotNull();
        return Objects.requireNonNull(last);
    }

    static ContainerException assertRefused(byte[] container, Verification level, ErrorCode code) {
        ContainerException thrown = catchThrowableOfType(ContainerException.class,
                () -> TestRecords.open(container, level).close());
        assertThat(thrown).as("refused at " + level).isNotNull();
        assertThat(thrown.code()).as(thrown.getMessage()).isEqualTo(code);
        assertThat(thrown.container()).contains("test");
        return thrown;
    }

    static void assertAccepted(byte[] container) {
        for (Verification level : Verification.values()) {
            assertThat(catchThrowableOfType(Exception.class, () -> TestRecords.open(container, level).close()))
                    .as("accepted at " + level).isNull();
        }
    }
}
