package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class OutputOptionsTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void jsonStandsAloneOnStandardOutput() {
        assertThat(run("--json")).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("""
                {
                  "repo" : "a/b",
                  "stored_bytes" : 12
                }
                """);
        assertThat(err.toString()).isEqualToNormalizingNewlines("a no?te\ntext\n");
    }

    @Test
    void textGoesToStandardOutputWithoutJson() {
        assertThat(run()).isZero();
        assertThat(out.toString()).isEqualToNormalizingNewlines("text\n");
        assertThat(err.toString()).isEqualToNormalizingNewlines("a no?te\n");
    }

    @Test
    void aBarThatNobodyWatchesShowsNothing() {
        try (ProgressDisplay bar = ProgressDisplay.open("task", 10, false)) {
            bar.advance(10);
            bar.at("file");
        }
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aBarThatIsWatchedMayBeClosedTwice() {
        ProgressDisplay bar = ProgressDisplay.open("task", -1, true);
        bar.advance(10);
        bar.at("file");
        bar.close();
        bar.close();
    }

    private int run(String... args) {
        return new CommandLine(new Act())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(args);
    }

    private record Result(String repo, long storedBytes) {}

    @Command(name = "act")
    private static final class Act implements Callable<Integer> {
        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it
        private OutputOptions output;

        @Override
        public Integer call() {
            output.note("a no\tte");
            output.text().println("text");
            if (output.json()) {
                output.printJson(new Result("a/b", 12));
            }
            return List.of().size();
        }
    }
}
