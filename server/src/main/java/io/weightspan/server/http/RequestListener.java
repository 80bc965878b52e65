package io.weightspan.server.http;

import java.util.List;

/** Hears of requests, on event loops: must not wait for anything. Thread-safe. */
public interface RequestListener {

    /** Hears nothing. */
    RequestListener NONE = all(List.of());

    /** A request's head has arrived. Each is followed by one call of {@link #ended}. */
    void began();

    /** A request's answer was sent, or could not be. */
    void ended(EndedRequest request);

    /** Returns one that tells several, in their order. */
    static RequestListener all(List<RequestListener> listeners) {
        List<RequestListener> told = List.copyOf(listeners);
        return new RequestListener() {
            @Override
            public void began() {
                told.forEach(RequestListener::began);
            }

            @Override
            public void ended(EndedRequest request) {
                told.forEach(listener -> listener.ended(request));
            }
        };
    }
}
