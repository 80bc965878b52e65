package io.weightspan.server.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.StoredObject;
import io.weightspan.server.store.s3.FaultProxy.Fault;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every kind of fault, on the calls that change something: conditional writes and uploads in parts. */
class S3FaultKindsTest extends AbstractS3Faults {

    private static final int SIZE = 6 << 20; // two parts

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"LOSE_ANSWER", "CUT_HEAD", "WITHHOLD_ANSWER", "STATUS_500_IN_PLACE_OF_ANSWER"})
    void conditionalWriteThatWasDoneCountsWhateverBecameOfItsAnswerStS3005(Fault fault) throws IOException {
        try (ObjectStore impatient = impatient()) {
            proxy.breakFirst(1, "PUT", KEY, fault);
            assertThat(impatient.compareAndSet(KEY, "old", "new")).isTrue();
            assertThat(direct.value(KEY)).contains("new");
            proxy.breakFirst(ALWAYS, "PUT", KEY, fault);
            assertThat(impatient.compareAndSet(KEY, "new", null)).isTrue();
            assertThat(direct.value(KEY)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(value = Fault.class, names = {"LOSE_REQUEST", "BREAK_REQUEST", "SILENCE", "STATUS_500", "STATUS_503"})
    void conditionalWriteThatNeverIsDoneThrowsAndChangesNothing(Fault fault) throws IOException {
        try (ObjectStore impatient = impatient()) {
            proxy.breakFirst(ALWAYS, "PUT", KEY, fault);
            assertThatThrownBy(() -> impatient.compareAndSet(KEY, "old", "new"))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(KEY);
        }
        assertThat(direct.value(KEY)).contains("old");
    }

    @ParameterizedTest
    @CsvSource({
        "POST, uploads, STATUS_503", "POST, uploads, LOSE_ANSWER", "POST, uploads, CUT_ANSWER",
        "PUT, partNumber=2, STATUS_500", "PUT, partNumber=2, LOSE_ANSWER", "PUT, partNumber=2, BREAK_REQUEST",
        "PUT, partNumber=2, WITHHOLD_ANSWER",
        "POST, uploadId=, STATUS_500", "POST, uploadId=, LOSE_REQUEST", "POST, uploadId=, CUT_ANSWER",
        "POST, uploadId=, STATUS_500_IN_PLACE_OF_ANSWER", "POST, uploadId=, ERROR_IN_STATUS_200"
    })
    void uploadInPartsOvercomesAFault(String method, String part, Fault fault) throws IOException {
        Path file = Files.write(folder.resolve("file"), bytes(SIZE));
        proxy.breakFirst(1, method, part, fault);
        StoredObject put;
        try (StoreSession session = store.openSession()) {
            put = session.put(file);
        }
        assertThat(proxy.calls()).as("a call was broken").anyMatch(call -> call.is(method, part));
        try (ByteSource source = direct.open(put.digest())) {
            assertThat(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(SIZE));
        }
    }

    @ParameterizedTest
    @CsvSource({"PUT, partNumber=2, SILENCE", "POST, uploadId=, STATUS_500", "POST, uploadId=, ERROR_IN_STATUS_200"})
    void uploadInPartsThatFailsForGoodLeavesNothing(String method, String part, Fault fault) throws IOException {
        byte[] bytes = bytes(SIZE);
        Digest digest = Digest.ofBytes(Digest.newHash().digest(bytes));
        Path file = Files.write(folder.resolve("file"), bytes);
        proxy.breakFirst(ALWAYS, method, part, fault);
        try (ObjectStore impatient = impatient(); StoreSession session = impatient.openSession()) {
            assertThatThrownBy(() -> session.put(file))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(S3ObjectStore.name(digest));
        }
        assertThat(direct.exists(digest)).isFalse();
        assertThat(unfinishedUploads(digest)).isEmpty();
    }

    @Test
    void listThatIsCutShortIsFetchedAgain() throws IOException {
        proxy.breakFirst(1, "GET", "list-type", Fault.CUT_ANSWER);
        assertThat(store.keys("refs/")).containsExactly(KEY);
        assertThat(proxy.count("GET", "list-type")).isEqualTo(2);
        proxy.breakFirst(ALWAYS, "GET", "list-type", Fault.CUT_ANSWER);
        assertThatThrownBy(() -> store.keys("refs/"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("can't list s3://");
    }

    @Test
    void headsThatAreCutShortAreAskedForAgain() throws IOException {
        Digest digest = put(direct, bytes(2 << 20));
        proxy.breakFirst(1, "HEAD", "objects/", Fault.CUT_HEAD);
        assertThat(store.size(digest)).hasValue(2 << 20);
        proxy.breakFirst(1, "GET", "objects/", Fault.CUT_HEAD);
        try (ByteSource source = store.open(digest)) {
            assertThat(source.read(0, 2 << 20).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(2 << 20));
        }
        proxy.breakFirst(1, "GET", KEY, Fault.CUT_HEAD);
        assertThat(store.value(KEY)).contains("old");
        proxy.breakFirst(ALWAYS, "GET", KEY, Fault.CUT_HEAD);
        assertThatThrownBy(() -> store.value(KEY))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining(KEY)
                .hasMessageContaining("ended early");
    }

    @Test
    void serviceThatNeverAnswersIsToldInWords() throws IOException {
        try (ObjectStore impatient = impatient()) {
            proxy.breakFirst(ALWAYS, "GET", "", Fault.SILENCE);
            assertThatThrownBy(() -> impatient.value(KEY))
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessageContaining("does not answer");
        }
    }
}
