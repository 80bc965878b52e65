package io.weightspan.server.lfs;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The bytes of objects, one after the other. For one thread. */
final class PartsStream extends InputStream {

    private final ObjectStore store;
    private final Iterator<Digest> next;
    private @Nullable ByteSource open;
    private long at;

    /**
     * Begins with the first.
     *
     * @param store has them
     * @param parts the objects, in order
     */
    PartsStream(ObjectStore store, List<Digest> parts) {
        this.store = requireNonNull(store, "store is null");
        this.next = parts.iterator();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, into.length);
        if (length == 0) {
            return 0;
        }
        while (open == null || at == open.size()) {
            close();
            if (!next.hasNext()) {
                return -1;
            }
            open = store.open(next.next());
            at = 0;
        }
        int count = (int) Math.min(length, open.size() - at);
        MemorySegment bytes = open.read(at, count);
        MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, 0, into, offset, count);
        at += count;
        return count;
    }

    @Override
    public void close() throws IOException {
        if (open != null) {
            open.close();
            open = null;
        }
    }
}
