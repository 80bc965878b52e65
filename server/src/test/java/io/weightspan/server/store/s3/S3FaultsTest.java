package io.weightspan.server.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.NotAStoreException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import io.weightspan.server.store.StoredObject;
import io.weightspan.server.store.s3.FaultProxy.Fault;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Breaks the connection to a bucket in every way: what was to be done is done, or an exception says why not. */
class S3FaultsTest extends AbstractS3Faults {

    @Test
    void lostAnswerOfAWriteOfAValueIsFoundOutStS3005() throws IOException {
        proxy.breakFirst(1, "PUT", KEY, Fault.LOSE_ANSWER);
        assertThat(store.compareAndSet(KEY, "old", "new")).isTrue();
        assertThat(proxy.count("PUT", KEY)).as("the SDK has repeated the write").isEqualTo(2);
        assertThat(direct.value(KEY)).contains("new");
    }

    @Test
    void lostAnswersToEveryTryOfAWriteAreFoundOut() throws IOException {
        proxy.breakFirst(ALWAYS, "PUT", KEY, Fault.LOSE_ANSWER);
        assertThat(store.compareAndSet(KEY, "old", "new")).isTrue();
        assertThat(direct.value(KEY)).contains("new");
    }

    @Test
    void lostAnswersOfCreationAndRemovalAreFoundOut() throws IOException {
        proxy.breakFirst(1, "PUT", "refs/fresh", Fault.LOSE_ANSWER);
        assertThat(store.compareAndSet("refs/fresh", null, "first")).isTrue();
        proxy.breakFirst(1, "PUT", "refs/fresh", Fault.LOSE_ANSWER);
        assertThat(store.compareAndSet("refs/fresh", "first", null)).isTrue();
        assertThat(direct.value("refs/fresh")).isEmpty();
        assertThat(direct.keys("refs/")).containsExactly(KEY);
    }

    @Test
    void writeWhoseAnswerWasLostAndThatAnotherReplacedHasSucceeded() throws IOException {
        AtomicInteger puts = new AtomicInteger();
        proxy.rule(call -> {
            if (!call.is("PUT", KEY)) {
                return Fault.NONE;
            }
            if (puts.incrementAndGet() == 2) { // the SDK's second try: meanwhile others have gone on from the first
                assertThat(direct.compareAndSet(KEY, "new", "newer")).isTrue();
                assertThat(direct.compareAndSet(KEY, "newer", "newest")).isTrue();
            }
            return puts.get() == 1 ? Fault.LOSE_ANSWER : Fault.NONE;
        });
        assertThat(store.compareAndSet(KEY, "old", "new")).isTrue();
        assertThat(direct.value(KEY)).contains("newest");
    }

    @Test
    void writeThatNeverArrivedAndThatAnotherForestalledHasFailed() throws IOException {
        AtomicInteger puts = new AtomicInteger();
        proxy.rule(call -> {
            if (!call.is("PUT", KEY) || puts.incrementAndGet() > 1) {
                return Fault.NONE;
            }
            assertThat(direct.compareAndSet(KEY, "old", "theirs")).isTrue();
            return Fault.LOSE_REQUEST;
        });
        assertThat(store.compareAndSet(KEY, "old", "new")).isFalse();
        assertThat(direct.value(KEY)).contains("theirs");
    }

    @Test
    void writeBuriedUnderTooManyOthersIsNotClaimedEitherWay() throws IOException {
        AtomicInteger puts = new AtomicInteger();
        proxy.rule(call -> {
            if (!call.is("PUT", KEY) || puts.incrementAndGet() > 2) {
                return Fault.NONE;
            }
            if (puts.get() == 2) {
                replaceTooOften("new");
            }
            return puts.get() == 1 ? Fault.LOSE_ANSWER : Fault.NONE;
        });
        assertThatThrownBy(() -> store.compareAndSet(KEY, "old", "new"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nobody can tell")
                .hasMessageContaining(KEY);
    }

    @Test
    void writeThatWasSentOnceAndRefusedHasFailedHoweverManyFollow() throws IOException {
        AtomicInteger puts = new AtomicInteger();
        proxy.rule(call -> {
            if (call.is("PUT", KEY) && puts.incrementAndGet() == 1) {
                replaceTooOften("old");
            }
            return Fault.NONE;
        });
        assertThat(store.compareAndSet(KEY, "old", "new")).isFalse();
        assertThat(puts).hasValue(1);
        assertThat(direct.value(KEY)).contains("later " + (ValueObject.MAX_WRITES - 1));
    }

    /** Writes so often that the value no longer says that it was what it was. */
    private void replaceTooOften(String first) throws IOException {
        String now = first;
        for (int i = 0; i < ValueObject.MAX_WRITES; i++) {
            assertThat(direct.compareAndSet(KEY, now, "later " + i)).isTrue();
            now = "later " + i;
        }
    }

    @Test
    void writeThatNeverArrivesThrowsAndChangesNothing() throws IOException {
        proxy.breakFirst(ALWAYS, "PUT", KEY, Fault.LOSE_REQUEST);
        assertThatThrownBy(() -> store.compareAndSet(KEY, "old", "new"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(KEY);
        assertThat(direct.value(KEY)).contains("old");
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"STATUS_500", "STATUS_503", "LOSE_REQUEST", "LOSE_ANSWER", "CUT_ANSWER", "SILENCE"})
    void oneFaultOfAnyCallIsOvercome(Fault fault) throws IOException {
        try (ObjectStore impatient = impatient()) {
            overcomes(fault == Fault.SILENCE ? impatient : store, fault);
        }
    }

    private void overcomes(ObjectStore through, Fault fault) throws IOException {
        byte[] bytes = bytes(3 << 20);
        for (String method : new String[] {"PUT", "HEAD", "GET"}) {
            proxy.breakFirst(1, method, "", fault);
            StoredObject put;
            try (StoreSession session = through.openSession()) {
                put = session.put((method + new String(bytes, 0, 100, UTF_8)).getBytes(UTF_8));
            }
            try (ByteSource source = through.open(put.digest())) {
                assertThat(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE))
                        .startsWith(method.getBytes(UTF_8));
            }
            assertThat(through.compareAndSet("refs/" + method, null, "v")).isTrue();
            assertThat(through.keys("refs/")).contains("refs/" + method);
        }
    }

    @Test
    void answersCutShortAreFetchedAgain() throws IOException {
        byte[] bytes = bytes(5 << 20);
        Digest digest = put(direct, bytes);
        proxy.breakFirst(2, "GET", "objects/", Fault.CUT_ANSWER);
        try (ByteSource source = store.open(digest)) {
            assertThat(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
        }
        proxy.breakFirst(ALWAYS, "GET", "objects/", Fault.CUT_ANSWER);
        Digest other = put(direct, bytes(2 << 20));
        try (ByteSource source = store.open(other)) {
            assertThatThrownBy(() -> source.read(0, 10)).isInstanceOf(IOException.class)
                    .hasMessageContaining(other.hex().substring(2));
            proxy.rule(call -> Fault.NONE);
            assertThat(source.read(0, 10).byteSize()).as("a later try is a new one").isEqualTo(10);
        }
    }

    @Test
    void brokenPartIsSentAgain() throws IOException {
        byte[] bytes = bytes(12 << 20);
        Path file = Files.write(folder.resolve("file"), bytes);
        proxy.breakFirst(1, "PUT", "partNumber=2", Fault.BREAK_REQUEST);
        try (StoreSession session = store.openSession()) {
            StoredObject put = session.put(file);
            assertThat(put.added()).isTrue();
            assertThat(proxy.count("PUT", "partNumber=")).isEqualTo(4);
            try (ByteSource source = direct.open(put.digest())) {
                assertThat(source.read(0, source.size()).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
            }
        }
    }

    @Test
    void uploadThatBreaksForGoodLeavesNothing() throws IOException {
        byte[] bytes = bytes(12 << 20);
        Digest digest = Digest.ofBytes(Digest.newHash().digest(bytes));
        proxy.breakFirst(ALWAYS, "PUT", "partNumber=3", Fault.BREAK_REQUEST);
        try (StoreSession session = store.openSession()) {
            Path file = Files.write(session.newFile(), bytes);
            assertThatThrownBy(() -> session.take(file, digest))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("part 3");
            assertThat(file).doesNotExist();
            assertThat(session.added()).isEmpty();
        }
        assertThat(direct.exists(digest)).isFalse();
        assertThat(unfinishedUploads(digest)).isEmpty();
    }

    @Test
    void lostAnswerToTheEndOfAnUploadIsFoundOut() throws IOException {
        byte[] bytes = bytes(12 << 20);
        Path file = Files.write(folder.resolve("file"), bytes);
        proxy.breakFirst(1, "POST", "uploadId=", Fault.LOSE_ANSWER);
        try (StoreSession session = store.openSession()) {
            assertThat(direct.exists(session.put(file).digest())).isTrue();
        }
    }

    @Test
    void fileOfAnotherSha256ThanToldIsNotStored() throws IOException {
        Digest wrong = Digest.ofBytes(Digest.newHash().digest(new byte[1]));
        for (int length : new int[] {100, 12 << 20}) {
            try (StoreSession session = store.openSession()) {
                Path file = Files.write(session.newFile(), bytes(length));
                assertThatThrownBy(() -> session.take(file, wrong))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("another SHA-256");
            }
        }
        assertThat(direct.exists(wrong)).isFalse();
        assertThat(unfinishedUploads(wrong)).isEmpty();
    }

    @Test
    void failureThatStaysIsToldInWords() throws Exception {
        proxy.breakFirst(ALWAYS, "GET", "", Fault.STATUS_503);
        assertThatThrownBy(() -> store.value(KEY))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("s3://" + location.bucket() + "/hub/" + KEY)
                .hasMessageContaining("busy");
        proxy.close();
        assertThatThrownBy(() -> store.value(KEY))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("no connection to the service");
    }

    @Test
    void wrongNamesAndRightsAreToldInWords() {
        try (S3Server.Properties own = server().use()) {
            requireNonNull(own);
            assertThatThrownBy(() -> S3ObjectStore.openOrCreate(
                    new S3Location("no-such-bucket", ""), S3Server.settings(folder, 0)))
                    .isInstanceOf(NotAStoreException.class)
                    .hasMessageContaining("there is no bucket no-such-bucket");
            assertThatThrownBy(() -> S3ObjectStore.open(
                    new S3Location(location.bucket(), "other"), S3Server.settings(folder, 0)))
                    .isInstanceOf(NotAStoreException.class)
                    .hasMessageContaining("is not a store");
            System.setProperty("aws.secretAccessKey", "wrong-secret");
            assertThatThrownBy(() -> S3ObjectStore.open(location, S3Server.settings(folder, 0)))
                    .isExactlyInstanceOf(IOException.class)
                    .hasMessageContaining("credentials are not valid");
        }
    }
}
