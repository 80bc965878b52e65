package io.weightspan.codec.family;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/** Things that serve one thread at a time and are dear to make: scratch memory. Thread-safe. */
final class Pool<T> {
    private final ConcurrentLinkedQueue<T> idle = new ConcurrentLinkedQueue<>();
    private final Supplier<T> maker;

    Pool(Supplier<T> maker) {
        this.maker = maker;
    }

    /** One that nobody uses. */
    T take() {
        T thing = idle.poll();
        return thing == null ? maker.get() : thing;
    }

    /** Takes one back; what is not given back is simply forgotten. */
    void giveBack(T thing) {
        idle.add(thing);
    }
}
