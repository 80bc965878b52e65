package io.weightspan.format;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import io.weightspan.format.v1.Front;
import org.junit.jupiter.api.Test;

/** What every reader relies on when it hands bytes to the generated messages. */
class MessagesTest {

    @Test
    void fieldsOfALaterMinorVersionAreKept() throws InvalidProtocolBufferException {
        UnknownFieldSet later = UnknownFieldSet.newBuilder()
                .addField(1000, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
                .build();
        ByteString stored = Front.newBuilder().setFileLength(42).setUnknownFields(later).build().toByteString();

        Front read = Front.parseFrom(stored);

        assertThat(read.getFileLength()).isEqualTo(42);
        assertThat(read.toByteString()).isEqualTo(stored);
    }

    /** Hostile bytes are refused with the one exception that readers catch, or read as a message. */
    @FuzzTest
    void anyBytesAreAMessageOrRefused(byte[] bytes) {
        Front read;
        try {
            read = Front.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            return;
        }
        assertThat(read.getSerializedSize()).isNotNegative();
    }
}
