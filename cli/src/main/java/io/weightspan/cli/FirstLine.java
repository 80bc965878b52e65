package io.weightspan.cli;

import java.io.Writer;
import java.util.concurrent.CompletableFuture;

/** Takes what a command prints and gives its first line to whoever waits for it; the rest is dropped. Thread-safe. */
final class FirstLine extends Writer {

    private static final int MAX_LENGTH = 4096;

    private final StringBuilder begun = new StringBuilder();
    private final CompletableFuture<String> line = new CompletableFuture<>();

    /** Returns the line, without its end; never complete where the command prints none. */
    CompletableFuture<String> line() {
        return line;
    }

    @Override
    public void write(char[] text, int offset, int length) {
        synchronized (lock) {
            if (line.isDone()) {
                return;
            }
            begun.append(text, offset, length);
            int end = begun.indexOf("\n");
            if (end >= 0 || begun.length() > MAX_LENGTH) {
                line.complete(begun.substring(0, end < 0 ? MAX_LENGTH : end).strip());
            }
        }
    }

    @Override
    public void flush() {
        // Nothing is held back.
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
