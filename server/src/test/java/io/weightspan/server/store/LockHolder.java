package io.weightspan.server.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/** A process that locks a file until its standard input ends; it prints {@code held} when it has the lock. */
final class LockHolder {

    private LockHolder() {}

    /**
     * Runs the process.
     *
     * @param args the file to lock
     * @throws IOException if it can't be locked
     */
    public static void main(String[] args) throws IOException {
        try (FileChannel channel = FileChannel.open(Path.of(args[0]), StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            Objects.requireNonNull(lock);
            System.out.println("held");
            while (System.in.read() >= 0) {
                // Only the end of the input counts.
            }
        }
    }
}
