package io.weightspan.cli.config;

import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The options of a command whose other options a file may hold; see {@link ConfiguredOptions}. */
public final class ConfigOptions {

    static final String PRINT = "--print-config";

    @Option(
            names = ConfiguredOptions.CONFIG,
            paramLabel = "FILE",
            description = "Take options from this YAML file, as 'listen: 0.0.0.0:80', where neither the command line"
                    + " nor a variable such as WEIGHTSPAN_LISTEN gives them.")
    @SuppressWarnings("UnusedVariable") // ConfiguredOptions looks for it before picocli does; here it is for the help
    private @Nullable Path file;

    @Option(names = PRINT, description = "Print each option as it counts, and where it comes from; do nothing else.")
    private boolean print;

    /** Creates the options; picocli fills them in. */
    public ConfigOptions() {}

    /**
     * Prints what counts, if that was asked for.
     *
     * @param command whose preprocessor is a {@link ConfiguredOptions}
     * @return whether it was, so that the command has nothing else to do
     */
    public boolean printed(CommandSpec command) {
        IParameterPreprocessor preprocessor = command.preprocessor();
        if (!print || !(preprocessor instanceof ConfiguredOptions options)) {
            return false;
        }
        PrintWriter out = command.commandLine().getOut();
        for (ConfiguredOptions.Setting setting : options.settings(command)) {
            if (setting.value().isEmpty()) {
                out.println("# " + setting.name() + " is not set");
            } else {
                out.println(setting.name() + ": " + quoted(setting.value()) + "  # " + setting.source());
            }
        }
        out.flush();
        return true;
    }

    /** Writes a value so that YAML gives it back as text. */
    private static String quoted(String value) {
        return value.matches("[A-Za-z0-9_./][A-Za-z0-9_./:@%+-]*[A-Za-z0-9_./]|[A-Za-z0-9]")
                ? value
                : "'" + value.replace("'", "''") + "'";
    }
}
