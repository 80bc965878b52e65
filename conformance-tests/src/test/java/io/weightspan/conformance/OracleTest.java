package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The kit on its own: the second reader over the corpus, broken readers, traceability, the corpus's origin. */
class OracleTest {

    @Test
    void secondReaderAgreesWithEveryCase() throws Exception {
        assertPasses(Python.module("weightspan_corpus", "run"));
    }

    @Test
    void everyBrokenReaderIsCaughtByTheCaseThatShould() throws Exception {
        assertPasses(Python.module("weightspan_corpus", "self-test"));
    }

    @Test
    void everyRequirementHasItsCasesOrAReason() throws Exception {
        assertInOrder(Python.module("weightspan_corpus", "trace"));
    }

    @Test
    void corpusIsWhatItsWriterWrites() throws Exception {
        assertInOrder(Python.module("weightspan_corpus", "check"));
    }

    private static void assertPasses(Python.Result result) {
        assertThat(result.lastLine()).as(result.output()).matches("[1-9]\\d* passed, 0 failed, \\d+ skipped");
        assertThat(result.status()).as(result.output()).isZero();
    }

    private static void assertInOrder(Python.Result result) {
        assertThat(result.status()).as(result.output()).isZero();
    }
}
