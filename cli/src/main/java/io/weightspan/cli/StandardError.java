package io.weightspan.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Tells whether a person watches standard error, and how wide the terminal is. */
final class StandardError {

    private static final int FILE_DESCRIPTOR = 2;
    private static final int DEFAULT_COLUMNS = 80;
    private static final int MIN_COLUMNS = 40;
    private static final int MAX_COLUMNS = 400;
    private static final boolean TERMINAL = findTerminal();

    private StandardError() {}

    /** Returns whether standard error is a terminal, which System.console() does not tell: it asks about the others. */
    static boolean isTerminal() {
        return TERMINAL;
    }

    /** Returns the columns that the shell told, 80 where it told none. */
    static int columns() {
        String told = System.getenv("COLUMNS");
        if (told == null || !told.matches("[0-9]{1,4}")) {
            return DEFAULT_COLUMNS;
        }
        return Math.clamp(Integer.parseInt(told), MIN_COLUMNS, MAX_COLUMNS);
    }

    @SuppressWarnings("restricted") // isatty takes and returns an int and keeps nothing
    private static boolean findTerminal() {
        Linker linker = Linker.nativeLinker();
        Optional<MemorySegment> isatty = linker.defaultLookup().find("isatty");
        if (isatty.isEmpty()) {
            // No POSIX C library: rather no bars than bars in a log file.
            return false;
        }
        try {
            return (int) linker
                    .downcallHandle(isatty.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                    .invokeExact(FILE_DESCRIPTOR) == 1;
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("isatty threw a checked exception", e);
        }
    }
}
