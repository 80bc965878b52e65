package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** The objects of a store in order, fetched page by page as they are asked for. For one thread at a time. */
final class ObjectList implements Iterator<Digest> {

    /** What the names of objects begin with. */
    static final String FOLDER = "objects/";

    /** The digits of a digest before the slash in its object's name. */
    static final int FOLDER_DIGITS = 2;

    private static final int PAGE = 1000;
    private static final Pattern NAME = Pattern.compile("objects/[0-9a-f]{2}/[0-9a-f]{62}");

    private final Bucket bucket;
    private final String prefix;
    private final Queue<Digest> ready = new ArrayDeque<>();
    private @Nullable String next;

    private ObjectList(Bucket bucket, String prefix) {
        this.bucket = bucket;
        this.prefix = prefix;
    }

    /**
     * Lists the objects whose names begin with some digits.
     *
     * @return a stream that throws {@link UncheckedIOException} where a later page can't be read
     * @throws IOException if the first page can't be read
     */
    static Stream<Digest> stream(Bucket bucket, String hexPrefix) throws IOException {
        String prefix = hexPrefix.length() < FOLDER_DIGITS
                ? FOLDER + hexPrefix
                : FOLDER + hexPrefix.substring(0, FOLDER_DIGITS) + "/" + hexPrefix.substring(FOLDER_DIGITS);
        ObjectList list = new ObjectList(bucket, prefix);
        list.fetch(null);
        return StreamSupport.stream(
                Spliterators.spliteratorUnknownSize(list, Spliterator.ORDERED | Spliterator.NONNULL), false);
    }

    @Override
    public boolean hasNext() {
        while (ready.isEmpty() && next != null) {
            try {
                fetch(next);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return !ready.isEmpty();
    }

    @Override
    public Digest next() {
        if (!hasNext()) {
            throw new NoSuchElementException("no more objects");
        }
        return requireNonNull(ready.poll());
    }

    private void fetch(@Nullable String from) throws IOException {
        Bucket.Page page = bucket.list(prefix, PAGE, from);
        for (Bucket.Listed object : page.objects()) {
            if (NAME.matcher(object.key()).matches()) {
                ready.add(Digest.of(object.key().substring(FOLDER.length()).replace("/", "")));
            }
        }
        next = page.next();
    }
}
