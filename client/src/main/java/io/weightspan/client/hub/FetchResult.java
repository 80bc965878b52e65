package io.weightspan.client.hub;

import java.nio.file.Path;
import java.util.List;

/**
 * What a fetch did. Immutable.
 *
 * @param manifest the repo at the revision that was fetched
 * @param directory where its files are
 * @param files one for each file of the manifest, in its order
 * @param downloadedBytes stored bytes that came from the server
 * @param cachedBytes stored bytes that were needed and in the cache already
 */
public record FetchResult(Manifest manifest, Path directory, List<Written> files, long downloadedBytes,
        long cachedBytes) {

    /** Copies the list. */
    public FetchResult {
        files = List.copyOf(files);
    }

    /** Returns the bytes of all files. */
    public long bytes() {
        return files.stream().mapToLong(written -> written.file().size()).sum();
    }

    /**
     * A file that is whole in the folder.
     *
     * @param file the file
     * @param outcome what had to be done for it
     */
    public record Written(Manifest.File file, Outcome outcome) {}

    /** What had to be done for a file. */
    public enum Outcome {
        /** It was not there. */
        CREATED,
        /** Another file was there, and was to be replaced. */
        REPLACED,
        /** It was there already, byte for byte. */
        UNCHANGED
    }
}
