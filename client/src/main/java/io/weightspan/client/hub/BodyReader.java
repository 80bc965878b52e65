package io.weightspan.client.hub;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of an answer, waiting only so long for more bytes of it. The client of the JDK has a time-out for the
 * head of an answer, none for a body that stalls.
 *
 * <p>At most one batch of buffers is asked for ahead, so that memory stays bounded. For one reading thread.
 */
final class BodyReader implements HttpResponse.BodySubscriber<BodyReader>, Closeable {

    private final Duration timeout;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final AtomicReference<Flow.@Nullable Subscription> subscription = new AtomicReference<>();
    private final Queue<ByteBuffer> ready = new ArrayDeque<>();
    private volatile boolean closed;
    private boolean ended;

    /**
     * Creates a reader that is not subscribed yet.
     *
     * @param timeout how long to wait for more bytes
     */
    BodyReader(Duration timeout) {
        this.timeout = timeout;
    }

    /** Returns this, at once: the answer is at hand as soon as its head is. */
    @Override
    public CompletionStage<BodyReader> getBody() {
        return CompletableFuture.completedStage(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscribed) {
        if (!subscription.compareAndSet(null, subscribed) || closed) {
            subscribed.cancel();
            return;
        }
        subscribed.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        events.add(new Event(buffers, null, false));
    }

    @Override
    public void onError(Throwable failure) {
        events.add(new Event(List.of(), failure, true));
    }

    @Override
    public void onComplete() {
        events.add(new Event(List.of(), null, true));
    }

    /**
     * Waits for bytes.
     *
     * @return some bytes, never none; null after the last
     * @throws HttpTimeoutException if none come in time
     * @throws InterruptedIOException if the thread is interrupted while it waits
     * @throws IOException if the connection fails
     */
    @Nullable
    ByteBuffer next() throws IOException {
        while (!ended) {
            ByteBuffer buffer = ready.poll();
            if (buffer == null) {
                await();
            } else if (buffer.hasRemaining()) {
                return buffer;
            }
        }
        return null;
    }

    private void await() throws IOException {
        Event event;
        try {
            event = events.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException) new InterruptedIOException("interrupted while downloading").initCause(e);
        }
        if (event == null) {
            throw new HttpTimeoutException("no bytes for " + timeout.toMillis() + " ms");
        }
        if (event.failure != null) {
            throw new IOException("the connection broke: " + event.failure.getMessage(), event.failure);
        }
        if (event.last) {
            ended = true;
            return;
        }
        ready.addAll(event.buffers);
        Flow.Subscription subscribed = subscription.get();
        if (subscribed != null) {
            subscribed.request(1);
        }
    }

    /** Stops the transfer; the connection is given up if the body has not ended. */
    @Override
    public void close() {
        closed = true;
        Flow.Subscription subscribed = subscription.get();
        if (subscribed != null && !ended) {
            subscribed.cancel();
        }
    }

    private record Event(List<ByteBuffer> buffers, @Nullable Throwable failure, boolean last) {}
}
