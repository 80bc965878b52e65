package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/** The demo against commands that keep to the contract of the command line, and against such as don't. */
@Timeout(60)
class DemoCommandTest {

    @TempDir
    private Path family;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private byte[] pulledBytes = {1, 2, 3};
    private int packStatus = ExitStatus.DONE;
    private boolean serves = true;

    @BeforeEach
    void writeFamily() throws IOException {
        for (String model : List.of("base-bf16", "full-000")) {
            Files.createDirectory(family.resolve(model));
            Files.write(family.resolve(model).resolve("w"), new byte[] {1, 2, 3});
        }
    }

    @Test
    void tellsWhatWasSavedAndStopsTheServer() throws Exception {
        assertThat(demo("--from", family.toString())).as(err.toString()).isEqualTo(ExitStatus.DONE);

        assertThat(out.toString()).contains("a model and 1 fine-tunes", "6 B became 4 B (66.7 %)",
                "http://127.0.0.1:1", "2 repos, 4 B over the network", "2 files, every byte as it was",
                "fam/full-000", "./weightspan serve");
        stopped.await();
    }

    @Test
    void saysWhenAByteDiffers() throws Exception {
        pulledBytes = new byte[] {1, 2, 4};
        assertThat(demo("--from", family.toString())).isEqualTo(ExitStatus.DATA_BAD);
        assertThat(err.toString()).contains("differs from");
        stopped.await();
    }

    @Test
    void passesOnWhatACommandSays() {
        packStatus = ExitStatus.DATA_BAD;
        assertThat(demo("--from", family.toString())).isEqualTo(ExitStatus.DATA_BAD);
        assertThat(err.toString()).contains("pack ended with status 1", "why it failed");
    }

    @Test
    void saysWhenTheServerDoesNotStart() {
        serves = false;
        assertThat(demo("--from", family.toString())).isEqualTo(ExitStatus.FAILED);
        assertThat(err.toString()).contains("serve ended with status 3");
    }

    @Test
    void wantsAFamily() {
        assertThat(demo("--from", family.resolve("absent").toString())).isEqualTo(ExitStatus.USAGE);
        assertThat(err.toString()).contains("there is no model");
    }

    private int demo(String... arguments) {
        CommandLine demo = new CommandLine(new DemoCommand(() -> new CommandLine(new Root())
                .addSubcommand("pack", new Fake("pack"))
                .addSubcommand("serve", new Fake("serve"))
                .addSubcommand("pull", new Fake("pull"))
                .addSubcommand("verify", new Fake("verify"))));
        return demo.setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .setExecutionExceptionHandler(new Failures(List.of(), false))
                .execute(arguments);
    }

    @Command(name = "root")
    private static final class Root {}

    @Command
    private final class Fake implements Callable<Integer> {

        private final String name;

        @Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it
        private CommandSpec spec;

        @Unmatched
        private List<String> arguments = new ArrayList<>();

        Fake(String name) {
            this.name = name;
        }

        @Override
        public Integer call() throws Exception {
            PrintWriter fakeOut = spec.commandLine().getOut();
            return switch (name) {
                case "pack" -> {
                    spec.commandLine().getErr().println("why it failed");
                    fakeOut.println("""
                            {"bytes":6,"stored_bytes":4,"repos":[{"repo":"fam/base-bf16","bytes":3,"stored_bytes":3},
                            {"repo":"fam/full-000","bytes":3,"stored_bytes":1}]}""");
                    yield packStatus;
                }
                case "serve" -> {
                    if (serves) {
                        serve(fakeOut);
                    }
                    yield ExitStatus.FAILED;
                }
                case "pull" -> {
                    Path to = Path.of(arguments.get(arguments.indexOf("--to") + 1));
                    Files.createDirectories(to);
                    Files.write(to.resolve("w"), pulledBytes);
                    fakeOut.println("{\"downloaded_bytes\":2}");
                    yield ExitStatus.DONE;
                }
                default -> {
                    fakeOut.println("{}");
                    yield ExitStatus.DONE;
                }
            };
        }

        private void serve(PrintWriter fakeOut) {
            fakeOut.println("listening on http://127.0.0.1:1");
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                stopped.countDown();
            }
        }
    }
}
