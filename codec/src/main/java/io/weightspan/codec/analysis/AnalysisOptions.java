package io.weightspan.codec.analysis;

/**
 * How a family is analysed. The same options and files give the same numbers, whatever the threads and the memory,
 * but for the shuffled null of slots that {@code heldBytes} leaves out.
 *
 * @param seed of the random tensors and of the shuffles
 * @param holdOutEvery every how many members one is held out, the first being one; at least 2
 * @param mostMembers a larger family is sampled evenly; the work grows with the square of this. At least 3
 * @param heldBytes a slot whose differences take more than this in memory is streamed, and not shuffled
 * @param threads how many slots are analysed at once, at least 1
 */
public record AnalysisOptions(long seed, int holdOutEvery, int mostMembers, long heldBytes, int threads) {
    /**
     * Checks the arguments.
     *
     * @throws IllegalArgumentException if one is out of its range
     */
    public AnalysisOptions {
        if (holdOutEvery < 2 || mostMembers < 3 || heldBytes < 0 || threads < 1) {
            throw new IllegalArgumentException("an option is out of its range");
        }
    }

    /**
     * What the command uses: a thread a core, a quarter of the heap, every fifth member held out.
     *
     * @return the options
     */
    public static AnalysisOptions defaults() {
        Runtime machine = Runtime.getRuntime();
        int threads = machine.availableProcessors();
        // Both the differences and their shuffled copy are held, by each thread.
        return new AnalysisOptions(1, 5, 400, machine.maxMemory() / 8 / threads, threads);
    }
}
