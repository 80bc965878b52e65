package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FileNotFoundException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class WeightspanTest {

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void printsItsVersion() {
        assertThat(run(new Host(() -> 0), "--version")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).matches("weightspan \\d+\\.\\d+\\.\\d+\\S* \\(Java .*\\)\\R");
    }

    @Test
    void runsACommandAndReturnsItsStatus() {
        assertThat(run(new Host(() -> ExitStatus.DATA_BAD), "act")).isEqualTo(ExitStatus.DATA_BAD);
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void wrongUsageEndsWithTwo() {
        assertThat(run(new Host(() -> 0))).isEqualTo(ExitStatus.USAGE);
        assertThat(run(new Host(() -> 0), "nonsense")).isEqualTo(ExitStatus.USAGE);
        assertThat(run(new Host(() -> 0), "act", "--nonsense")).isEqualTo(ExitStatus.USAGE);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aKnownFailureIsOneLine() {
        Host host = new Host(() -> {
            throw new CommandException(ExitStatus.DATA_BAD, "weights.wspan does not verify");
        });
        assertThat(run(host, "act")).isEqualTo(ExitStatus.DATA_BAD);
        assertThat(err.toString()).isEqualToNormalizingNewlines("weightspan: weights.wspan does not verify\n");
    }

    @Test
    void anUncheckedIoFailureIsThree() {
        Host host = new Host(() -> {
            throw new UncheckedIOException(new FileNotFoundException("store is gone"));
        });
        assertThat(run(host, "act")).isEqualTo(ExitStatus.FAILED);
        assertThat(err.toString()).isEqualToNormalizingNewlines("weightspan: store is gone\n");
    }

    @Test
    void aProviderMapsItsOwnFailureThroughCauses() {
        Host host = new Host(() -> {
            throw new IllegalStateException("outer", new ArithmeticException("inner"));
        });
        assertThat(run(host, "act")).isEqualTo(ExitStatus.DATA_BAD);
    }

    @Test
    void aDefectShowsItsTraceAndEndsWithThree() {
        Host host = new Host(() -> {
            throw new IllegalStateException("never happens");
        });
        assertThat(run(host, "act")).isEqualTo(ExitStatus.FAILED);
        assertThat(err.toString()).contains("weightspan: never happens").contains("\tat ");
    }

    @Test
    void generatesCompletion() {
        assertThat(run(new Host(() -> 0), "generate-completion")).isEqualTo(ExitStatus.DONE);
        assertThat(out.toString()).contains("complete").contains("act");
    }

    @Test
    void twoCommandsOfOneNameAreRefused() {
        Host host = new Host(() -> 0);
        assertThatThrownBy(() -> Weightspan.commandLine(List.of(host, host)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("act");
    }

    private int run(CommandProvider provider, String... args) {
        CommandLine line = Weightspan.commandLine(List.of(provider));
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return line.execute(args);
    }

    private record Host(Callable<Integer> action) implements CommandProvider {

        @Override
        public List<Object> commands() {
            return List.of(new Act(action));
        }

        @Override
        public OptionalInt exitStatus(Throwable failure) {
            return failure instanceof ArithmeticException ? OptionalInt.of(ExitStatus.DATA_BAD) : OptionalInt.empty();
        }
    }

    @Command(name = "act")
    private record Act(Callable<Integer> action) implements Callable<Integer> {

        @Override
        public Integer call() throws Exception {
            return action.call();
        }
    }
}
