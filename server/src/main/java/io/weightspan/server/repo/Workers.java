package io.weightspan.server.repo;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs independent pieces of work on several threads. Stateless. */
final class Workers {

    private Workers() {}

    /** A piece of work. */
    @FunctionalInterface
    interface Work<T> {
        /** Does it for one item. */
        void run(T item) throws IOException;
    }

    /**
     * Does the work for every item and waits for all of it. The items are begun in order.
     *
     * @param threads how many at once, at least 1
     * @throws IOException the first failure in order of items that were begun; no further item is begun after one
     */
    static <T> void run(int threads, List<T> items, Work<T> work) throws IOException {
        AtomicInteger next = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        try (ExecutorService pool = Executors.newFixedThreadPool(Math.max(1, Math.min(threads, items.size())))) {
            for (int i = 0; i < Math.min(threads, items.size()); i++) {
                running.add(pool.submit(() -> {
                    for (int at = next.getAndIncrement(); at < items.size(); at = next.getAndIncrement()) {
                        try {
                            work.run(items.get(at));
                        } catch (IOException | RuntimeException e) {
                            next.set(items.size());
                            throw e;
                        }
                    }
                    return null;
                }));
            }
        }
        for (Future<?> future : running) {
            await(future);
        }
    }

    private static void await(Future<?> future) throws IOException {
        try {
            future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while packing");
        }
    }
}
