package io.weightspan.cli;

import io.weightspan.codec.family.Progress;
import java.io.PrintStream;
import java.time.temporal.ChronoUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A progress bar of bytes on standard error, or nothing where nobody watches. Thread-safe. */
public final class ProgressDisplay implements Progress, AutoCloseable {

    private static final int UPDATE_MILLIS = 200;
    private static final long BYTES_A_UNIT = 1_000_000;

    private final @Nullable ProgressBar bar;

    private ProgressDisplay(@Nullable ProgressBar bar) {
        this.bar = bar;
    }

    static ProgressDisplay open(String task, long totalBytes, boolean visible) {
        return visible ? new ProgressDisplay(bar(task, totalBytes)) : new ProgressDisplay(null);
    }

    private static ProgressBar bar(String task, long totalBytes) {
        PrintStream err = System.err;
        return new ProgressBarBuilder()
                .setTaskName(TextTable.printable(task))
                .setInitialMax(totalBytes)
                .setUnit(" MB", BYTES_A_UNIT)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(UPDATE_MILLIS)
                .showSpeed()
                .setSpeedUnit(ChronoUnit.SECONDS)
                .clearDisplayOnFinish()
                // The width is given, so that the library does not start a terminal library to find it.
                .setConsumer(new ConsoleProgressBarConsumer(err, StandardError.columns()))
                .build();
    }

    /**
     * Adds bytes that are done.
     *
     * @param bytes at least 0
     */
    @Override
    public void advance(long bytes) {
        if (bar != null) {
            bar.stepBy(bytes);
        }
    }

    /**
     * Replaces the words after the bar, such as the file at hand.
     *
     * @param words shown with control characters as {@code ?}
     */
    public void at(String words) {
        if (bar != null) {
            bar.setExtraMessage(TextTable.printable(words));
        }
    }

    /** Takes the bar off the screen; closing again does nothing. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
