package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;

/**
 * Sends folders to a hub: a Weightspan server, or another that speaks as the Hugging Face Hub does. Thread-safe; close
 * it after the last call has returned.
 */
public final class HubWriter implements AutoCloseable {

    private final Endpoint endpoint;
    private final HttpTransport transport;
    private final Repetition repetition;

    private HubWriter(Endpoint endpoint, HubOptions options, RetryPolicy.Sleeper sleeper) throws IOException {
        this.endpoint = endpoint;
        this.transport = new HttpTransport(endpoint, options);
        this.repetition = new Repetition(endpoint, new RetryPolicy(options.retries(), sleeper));
    }

    /**
     * Opens a writer. The hub is not asked yet.
     *
     * @param endpoint the hub's http or https address, with or without a path
     * @param options how to work; there is no cache here
     * @throws IllegalArgumentException if it is no such address
     * @throws IOException if the file of trusted certificates can't be read
     */
    public static HubWriter open(URI endpoint, HubOptions options) throws IOException {
        return open(endpoint, options, Thread::sleep);
    }

    static HubWriter open(URI endpoint, HubOptions options, RetryPolicy.Sleeper sleeper) throws IOException {
        requireNonNull(options, "options is null");
        return new HubWriter(new Endpoint(requireNonNull(endpoint, "endpoint is null")), options, sleeper);
    }

    /**
     * Sends files by one commit: all of them are there then, or nothing has changed but that the repo and the branch
     * are there. What the hub has already is not sent.
     *
     * @param push what is sent where
     * @param listener hears how far it has come
     * @return what became of each file
     * @throws HubException of kind {@link HubException.Kind#DENIED} if the token does not allow it, of kind
     *     {@link HubException.Kind#CONFLICT} if somebody else changes the branch meanwhile, of kind
     *     {@link HubException.Kind#REFUSED} if the hub has no room or does not take a file, of kind
     *     {@link HubException.Kind#BAD_FILE} if a file changes meanwhile
     * @throws IOException if the hub can't be reached, or a file not be read
     */
    public PushResult push(PushRequest push, PushListener listener) throws IOException {
        HubRequests requests = new HubRequests(endpoint, transport, repetition);
        LargeFiles large = new LargeFiles(endpoint, requests, repetition);
        return new RepoPush(endpoint, requests, large, push).run(listener);
    }

    /** Ends all connections; calls that are under way fail. */
    @Override
    public void close() {
        transport.close();
    }
}
