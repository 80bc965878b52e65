package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.ContentSource;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decodes a little of what a store holds while nobody waits for it, so that Java has loaded and compiled the decoders
 * before the first client asks. Thread-safe.
 */
final class WarmUp implements Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

    /** Enough for the compilers to be done with the loops; a store that is elsewhere sends about that. */
    private static final long MOST_BYTES = 48L << 20;

    /** Of one file at most, as several files may be of several codings. */
    private static final long FILE_BYTES = 16L << 20;

    private static final Duration MOST_TIME = Duration.ofSeconds(5);
    private static final int MOST_REPOSITORIES = 20;
    private static final long PIECE = 1L << 20;

    private final Repositories repositories;
    private final StoredContent content;
    private final long begin = System.nanoTime();
    private final ExecutorService thread =
            Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("weightspan-warm-up").factory());
    private volatile boolean stops;
    private long decoded;

    /**
     * Makes ready.
     *
     * @param repositories what is served
     * @param content what decodes for the clients; the caller closes it after this
     */
    WarmUp(Repositories repositories, StoredContent content) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.content = requireNonNull(content, "content is null");
    }

    /** Begins in the background; once. */
    void start() {
        thread.execute(this::run);
        thread.shutdown();
    }

    /** Waits for the end of what was begun, for tests, and returns how many bytes were decoded. */
    long await() {
        thread.close();
        return decoded;
    }

    private void run() {
        try {
            repositories.list().stream().limit(MOST_REPOSITORIES).takeWhile(repo -> goesOn()).forEach(this::decode);
        } catch (IOException e) {
            LOG.debug("no warm-up", e);
        }
    }

    private boolean goesOn() {
        return !stops && decoded < MOST_BYTES && System.nanoTime() - begin < MOST_TIME.toNanos();
    }

    /** Decodes the beginning of a repository's largest file; whoever asks for a damaged one is told of it. */
    private void decode(RepoId repo) {
        try {
            Commit head = repositories.head(repo);
            Optional<CommitFile> largest = head.files().stream()
                    .filter(file -> file.kind() == FileKind.RECORD)
                    .max(Comparator.comparingLong(CommitFile::size));
            if (largest.isPresent()) {
                decode(largest.get());
            }
        } catch (IOException e) {
            LOG.debug("no warm-up with {}", repo, e);
        }
    }

    private void decode(CommitFile file) throws IOException {
        long most = Math.min(file.size(), FILE_BYTES);
        Body body = content.file(file, 0, most);
        try (Arena arena = Arena.ofConfined()) {
            if (!(body instanceof Body.Streamed(ContentSource source, long _, long _))) {
                return;
            }
            MemorySegment piece = arena.allocate(PIECE);
            long end;
            for (long at = 0; at < most && goesOn(); at = end) {
                end = source.pieceEnd(at, Math.min(most, at + PIECE));
                source.read(at, piece.asSlice(0, end - at));
                decoded += end - at;
            }
        } finally {
            body.close();
        }
    }

    /** Stops what was begun, within the time of a piece. */
    @Override
    public void close() {
        stops = true;
        thread.close();
    }
}
