package io.weightspan.cli.config;

import static java.util.Objects.requireNonNull;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.Stack;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/**
 * Gives each option of a command, in this order, the value of the command line, of the variable
 * {@code WEIGHTSPAN_<OPTION>} ({@code WEIGHTSPAN_<COMMAND>_<OPTION>} where that one means something else), of the file
 * that {@code --config} or {@code WEIGHTSPAN_CONFIG} names, or its default.
 *
 * <p>Named as the preprocessor of a command that mixes in {@link ConfigOptions}. picocli asks for the values of options
 * before it reads the command line, so the file is looked for ahead of that.
 */
public final class ConfiguredOptions implements IParameterPreprocessor, IDefaultValueProvider {

    static final String CONFIG = "--config";
    private static final String PREFIX = "WEIGHTSPAN_";

    /** Variables that mean something else; an option of such a name has the command's name in its variable besides. */
    private static final Set<String> TAKEN = Set.of(
            "CACHE", "CACHE_DIR", "CACHE_MB", "JAVA_HOME", "LOG", "OPTS", "S3_PATH_STYLE", "SCRATCH_DIR", "TOKEN",
            "TRACE");

    private final UnaryOperator<@Nullable String> environment;
    private @Nullable ConfigFile file;
    private Set<String> given = Set.of();

    /** Creates the preprocessor; picocli does. */
    public ConfiguredOptions() {
        this(System::getenv);
    }

    /**
     * Creates a preprocessor with another environment.
     *
     * @param environment gives the value of a variable, or null
     */
    ConfiguredOptions(UnaryOperator<@Nullable String> environment) {
        this.environment = environment;
    }

    @Override
    @SuppressWarnings("JdkObsolete") // picocli's own signature
    public boolean preprocess(
            Stack<String> args, CommandSpec command, @Nullable ArgSpec option, Map<String, Object> info) {
        command.defaultValueProvider(this);
        given = Set.copyOf(args);
        String named = configFile(args);
        file = null;
        if (named != null) {
            try {
                ConfigFile read = ConfigFile.read(Path.of(named));
                checkNames(read, command);
                file = read;
            } catch (ConfigException | InvalidPathException e) {
                throw new ParameterException(command.commandLine(), String.valueOf(e.getMessage()), e);
            }
        }
        return false;
    }

    @Override
    public @Nullable String defaultValue(ArgSpec arg) {
        if (!(arg instanceof OptionSpec option) || isOwn(option)) {
            return null;
        }
        if (option.arity().max() == 0 && Arrays.stream(option.names()).anyMatch(given::contains)) {
            // picocli takes a flag for the opposite of its default, so a flag that is given must keep its own.
            return null;
        }
        String variable = environmentValue(option);
        if (variable != null) {
            return variable;
        }
        ConfigFile.Entry entry = entry(option);
        return entry == null ? null : String.join(separator(option), entry.values());
    }

    /** Returns the effective value of each option of a command and where it comes from, by name; no secrets. */
    List<Setting> settings(CommandSpec command) {
        Map<String, Setting> settings = new TreeMap<>();
        for (OptionSpec option : command.options()) {
            if (!isOwn(option)) {
                settings.put(name(option), new Setting(name(option), value(option), source(command, option)));
            }
        }
        return new ArrayList<>(settings.values());
    }

    /**
     * An option as it counts.
     *
     * @param name as in a configuration file
     * @param value as text; empty where the option has none
     * @param source where the value comes from
     */
    record Setting(String name, String value, String source) {}

    private String source(CommandSpec command, OptionSpec option) {
        if (command.commandLine().getParseResult().hasMatchedOption(option)) {
            return "command line";
        }
        if (environmentValue(option) != null) {
            return "environment " + variable(option);
        }
        ConfigFile.Entry entry = entry(option);
        return entry == null ? "default" : requireNonNull(file).path() + ":" + entry.line();
    }

    private static String value(OptionSpec option) {
        Object value = option.getValue();
        if (value == null) {
            return "";
        }
        boolean isSecret = name(option).matches("(.*-)?(token|password|secret)");
        return isSecret ? "(hidden)" : value.toString();
    }

    /** Returns the value of an option's variable; an empty one counts as not set, as deployments can't leave it out. */
    private @Nullable String environmentValue(OptionSpec option) {
        String value = environment.apply(variable(option));
        return value == null || value.isEmpty() ? null : value;
    }

    private ConfigFile.@Nullable Entry entry(OptionSpec option) {
        return file == null ? null : file.entries().get(name(option));
    }

    private @Nullable String configFile(List<String> args) {
        // The command line's first word lies on top of the stack.
        for (int i = args.size() - 1; i >= 0; i--) {
            String word = args.get(i);
            if (word.startsWith(CONFIG + "=")) {
                return word.substring(CONFIG.length() + 1);
            }
            if (word.equals(CONFIG) && i > 0) {
                return args.get(i - 1);
            }
        }
        String variable = environment.apply(PREFIX + "CONFIG");
        return variable == null || variable.isEmpty() ? null : variable;
    }

    private static void checkNames(ConfigFile read, CommandSpec command) throws ConfigException {
        List<String> known = command.options().stream()
                .filter(option -> !isOwn(option))
                .map(ConfiguredOptions::name)
                .toList();
        for (Map.Entry<String, ConfigFile.Entry> entry : read.entries().entrySet()) {
            String name = entry.getKey();
            if (!known.contains(name)) {
                String nearest = NearestWord.to(name, known);
                throw new ConfigException(read.path(), entry.getValue().line(), "there is no option '" + name + "'"
                        + (nearest == null ? "" : "; did you mean '" + nearest + "'?"), null);
            }
        }
    }

    /** Tells whether an option says how the others are found, or shows help, and so can't be configured. */
    private static boolean isOwn(OptionSpec option) {
        return option.usageHelp() || option.versionHelp() || option.longestName().equals(CONFIG)
                || option.longestName().equals(ConfigOptions.PRINT);
    }

    private static String name(OptionSpec option) {
        return option.longestName().replaceFirst("^-+", "");
    }

    private static String variable(OptionSpec option) {
        String word = upper(name(option));
        return TAKEN.contains(word) ? PREFIX + upper(option.command().name()) + '_' + word : PREFIX + word;
    }

    private static String upper(String name) {
        return name.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    private static String separator(OptionSpec option) {
        String regex = option.splitRegex();
        return regex.isEmpty() ? "," : regex;
    }
}
