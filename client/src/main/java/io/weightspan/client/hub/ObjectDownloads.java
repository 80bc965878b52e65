package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.family.Progress;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Gets several objects at once, only so many at a time. Thread-safe. */
final class ObjectDownloads {

    private final ObjectDownloader downloader;
    private final int atOnce;

    ObjectDownloads(ObjectDownloader downloader, int atOnce) {
        this.downloader = downloader;
        this.atOnce = atOnce;
    }

    /**
     * Gets objects into the cache and waits for all of them.
     *
     * @param objects by digest
     * @param progress hears of bytes that are at hand
     * @throws IOException the first failure; what had arrived of other objects stays in the cache
     */
    void get(Map<Digest, RemoteBytes> objects, Progress progress) throws IOException {
        if (objects.isEmpty()) {
            return;
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(Math.min(atOnce, objects.size()),
                Thread.ofPlatform().name("weightspan-download-", 0).daemon().factory())) {
            CompletionService<Digest> results = new ExecutorCompletionService<>(threads);
            List<Future<Digest>> running = new ArrayList<>();
            objects.forEach((digest, bytes) -> running.add(results.submit(() -> {
                downloader.download(bytes, progress);
                return digest;
            })));
            try {
                for (int done = 0; done < running.size(); done++) {
                    await(results);
                }
            } finally {
                // Only after a failure is any of them still running.
                running.forEach(download -> download.cancel(true));
            }
        }
    }

    private static void await(CompletionService<Digest> results) throws IOException {
        try {
            results.take().get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case IOException failure -> throw failure;
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while downloading").initCause(e);
        }
    }
}
