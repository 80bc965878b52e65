package io.weightspan.codec.family;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Runs independent pieces of work on several threads, each thread with scratch memory of its own. Stateless. */
final class Parallel {
    private Parallel() {}

    /** One piece of work. */
    @FunctionalInterface
    interface Work<S> {
        void run(S scratch, int index) throws IOException;
    }

    /**
     * Runs work 0 to count - 1, in no particular order, and waits for all of it.
     *
     * @throws IOException the first failure; the rest is left undone
     */
    static <S> void run(int threads, int count, Pool<S> scratch, Work<S> work) throws IOException {
        int workers = Math.min(threads, count);
        if (workers <= 1) {
            S own = scratch.take();
            for (int i = 0; i < count; i++) {
                work.run(own, i);
            }
            scratch.giveBack(own);
            return;
        }
        AtomicInteger next = new AtomicInteger();
        try (ExecutorService executor = Executors.newFixedThreadPool(workers)) {
            List<Future<?>> running = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                running.add(executor.submit(() -> {
                    S own = scratch.take();
                    for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
                        try {
                            work.run(own, i);
                        } catch (IOException | RuntimeException e) {
                            next.set(count);
                            throw e;
                        }
                    }
                    scratch.giveBack(own);
                    return null;
                }));
            }
            await(running);
        }
    }

    private static void await(List<Future<?>> running) throws IOException {
        for (Future<?> future : running) {
            try {
                future.get();
            } catch (ExecutionException e) {
                switch (Objects.requireNonNull(e.getCause())) {
                    case IOException io -> throw io;
                    case RuntimeException failure -> throw failure;
                    default -> throw new IllegalStateException(e.getCause());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted while encoding");
            }
        }
    }
}
