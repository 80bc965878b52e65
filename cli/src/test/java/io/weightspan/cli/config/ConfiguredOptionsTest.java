package io.weightspan.cli.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Options from the command line, the environment and a file, and what is said where one is wrong. */
class ConfiguredOptionsTest {

    @TempDir
    private Path folder;

    private final Map<String, String> environment = new HashMap<>();

    @Command(name = "run", preprocessor = ConfiguredOptions.class)
    private static final class Run {

        @Mixin
        private final ConfigOptions config = new ConfigOptions();

        @Option(names = "--store", required = true)
        private @Nullable String store;

        @Option(names = {"-l", "--listen-at"}, defaultValue = "here")
        private @Nullable String listen;

        @Option(names = "--only-read")
        private boolean onlyRead;

        @Option(names = "--peer", split = ",")
        private @Nullable List<String> peers;

        @Option(names = "--log", defaultValue = "none")
        private @Nullable String log;

        @Option(names = "--api-token")
        @SuppressWarnings("UnusedVariable") // printed, not read
        private @Nullable String token;
    }

    private Run run = new Run();

    @Test
    void theCommandLineComesFirstThenTheEnvironmentThenTheFile() throws Exception {
        write("store: f\nlisten-at: f\npeer: [a, b]\n");
        environment.put("WEIGHTSPAN_LISTEN_AT", "e");
        parse("--config", file());
        assertThat(run.store).isEqualTo("f");
        assertThat(run.listen).isEqualTo("e");
        assertThat(run.peers).containsExactly("a", "b");
        parse("--config=" + file(), "-l", "c");
        assertThat(run.listen).isEqualTo("c");
        environment.clear();
        environment.put("WEIGHTSPAN_CONFIG", file());
        environment.put("WEIGHTSPAN_STORE", "");
        parse();
        assertThat(run.store).isEqualTo("f");
        assertThat(run.listen).isEqualTo("f");
        environment.clear();
        parse("--store", "s");
        assertThat(run.listen).isEqualTo("here");
        assertThat(run.peers).isNull();
    }

    @Test
    void aVariableThatMeansSomethingElseIsLeftAlone() {
        environment.put("WEIGHTSPAN_LOG", "DEBUG");
        parse("--store", "s");
        assertThat(run.log).isEqualTo("none");
        environment.put("WEIGHTSPAN_RUN_LOG", "here");
        parse("--store", "s");
        assertThat(run.log).isEqualTo("here");
    }

    @ParameterizedTest
    @CsvSource({"true, '', true", "false, '', false", "true, --only-read, true", "false, --only-read, true"})
    void aFlagOnTheCommandLineIsSetWhateverTheFileSays(String inFile, String flag, boolean expected) throws Exception {
        write("store: f\nonly-read: " + inFile + "\n");
        String[] words = flag.isEmpty() ? new String[] {"--config", file()} : new String[] {"--config", file(), flag};
        parse(words);
        assertThat(run.onlyRead).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "store: f\\nlisten-att: x|:2: there is no option 'listen-att'; did you mean 'listen-at'?",
                "store: f\\n\\ncompletely: x|:3: there is no option 'completely'",
                "config: x|:1: there is no option 'config'",
                "store: f\\nstore: g|:2: 'store' stands here a second time",
                "store: [a, {b: c}]|:1: 'store' has no value of one line",
                "store:|:1: 'store' has no value of one line",
                "store|:1: write each option as 'name: value'",
                "? [a]\\n: b|:1: the name of an option is one word",
                "a: &x [1]\\nb: *y|:2: found undefined alias y",
            })
    void whatIsWrongIsNamedWithItsLine(String text, String message) throws Exception {
        write(text.replace("\\n", "\n"));
        assertThatThrownBy(() -> parse("--config", file()))
                .isInstanceOf(ParameterException.class)
                .hasMessage(file() + message);
    }

    @Test
    void aFileThatCannotBeReadIsNamed() throws Exception {
        assertThatThrownBy(() -> parse("--config", file()))
                .isInstanceOf(ParameterException.class)
                .hasMessage(file() + ": there is no such file");
        Files.write(folder.resolve("c.yaml"), new byte[] {'a', ':', (byte) 0xFF});
        assertThatThrownBy(() -> parse("--config", file())).hasMessage(file() + ": isn't UTF-8");
        Files.write(folder.resolve("c.yaml"), new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> parse("--config", file()))
                .hasMessage(file() + ": is too large for a configuration file");
    }

    @Test
    void whatCountsIsPrintedWithItsSourceAndWithoutSecrets() throws Exception {
        write("store: f g\napi-token: abc\n");
        environment.put("WEIGHTSPAN_LISTEN_AT", "e");
        CommandLine line = parse("--config", file(), "--only-read", "--print-config");
        StringWriter out = new StringWriter();
        line.setOut(new PrintWriter(out));
        assertThat(run.config.printed(line.getCommandSpec())).isTrue();
        assertThat(out.toString().lines()).containsExactly(
                "api-token: '(hidden)'  # " + file() + ":2",
                "listen-at: e  # environment WEIGHTSPAN_LISTEN_AT",
                "log: none  # default",
                "only-read: true  # command line",
                "# peer is not set",
                "store: 'f g'  # " + file() + ":1");
    }

    private CommandLine parse(String... words) {
        run = new Run();
        CommandLine line = new CommandLine(run);
        line.getCommandSpec().preprocessor(new ConfiguredOptions(environment::get));
        line.parseArgs(words);
        return line;
    }

    private void write(String text) throws Exception {
        Files.writeString(folder.resolve("c.yaml"), text);
    }

    private String file() {
        return folder.resolve("c.yaml").toString();
    }
}
