package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs the Python side of the kit; makes an environment with numpy below target/ where the system has none. */
final class Python {

    private static final Path ORACLE = Path.of("oracle").toAbsolutePath();
    private static final Path ENVIRONMENT = Path.of("target", "venv").toAbsolutePath();
    private static final List<String> NAMES = List.of("python3", "python");

    private static String interpreter = "";

    private Python() {}

    /**
     * What a run came to.
     *
     * @param status the exit status
     * @param output standard output and standard error together
     */
    record Result(int status, String output) {

        /** The last line that is not empty, or the empty string. */
        String lastLine() {
            return output.lines().filter(line -> !line.isBlank()).reduce("", (before, line) -> line);
        }
    }

    /**
     * Runs a module of the kit.
     *
     * @param arguments the module and its arguments
     * @return its exit status and output
     */
    static Result module(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(interpreter(), "-m"));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private static synchronized String interpreter() throws IOException, InterruptedException {
        if (interpreter.isEmpty()) {
            interpreter = find();
        }
        return interpreter;
    }

    private static String find() throws IOException, InterruptedException {
        String system = "";
        for (String name : NAMES) {
            if (system.isEmpty() && works(name, "import sys; sys.exit(sys.version_info < (3, 9))")) {
                system = name;
            }
        }
        assertThat(system).as("The conformance kit needs Python 3.9 or later: no python3 on the PATH").isNotEmpty();
        if (works(system, "import numpy")) {
            return system;
        }
        String own = ENVIRONMENT.resolve(isWindows() ? "Scripts/python.exe" : "bin/python").toString();
        if (Files.isDirectory(ENVIRONMENT) && works(own, "import numpy")) {
            return own;
        }
        Result made = run(List.of(system, "-m", "venv", ENVIRONMENT.toString()));
        assertThat(made.status()).as("python3 -m venv failed (is python3-venv installed?): %s", made.output()).isZero();
        Result filled = run(List.of(own, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"));
        assertThat(filled.status()).as("numpy could not be installed: %s", filled.output()).isZero();
        return own;
    }

    private static boolean works(String python, String code) throws InterruptedException {
        try {
            return run(List.of(python, "-c", code)).status() == 0;
        } catch (IOException notThere) {
            return false;
        }
    }

    private static boolean isWindows() {
        return Path.of("").getFileSystem().getSeparator().equals("\\");
    }

    private static Result run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(ORACLE.toFile()).redirectErrorStream(true);
        builder.environment().put("PYTHONDONTWRITEBYTECODE", "1");
        Path output = Files.createTempFile("python", ".out");
        try {
            Process process = builder.redirectOutput(output.toFile()).start();
            if (!process.waitFor(20, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                throw new IOException(command + " did not end");
            }
            return new Result(process.exitValue(), Files.readString(output));
        } finally {
            Files.delete(output);
        }
    }
}
