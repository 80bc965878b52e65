package io.weightspan.cli;

/** The exit statuses of every command; scripts rely on them. */
public final class ExitStatus {

    /** The command did what it was asked. */
    public static final int DONE = 0;

    /** The data is bad or does not verify. */
    public static final int DATA_BAD = 1;

    /** The command line is wrong. */
    public static final int USAGE = 2;

    /** The store, the network or the machine failed, which says nothing about the data. */
    public static final int FAILED = 3;

    private ExitStatus() {}
}
