package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.cache.ObjectCache;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/**
 * Reads repos from a Weightspan server: as folders of files, or as tensors decoded straight from the cached records.
 *
 * <pre>{@code
 * try (HubClient hub = HubClient.open(URI.create("http://host:8640"), HubOptions.defaults())) {
 *     Manifest manifest = hub.resolve(RepoName.parse("team/adapter"));
 *     Manifest.File file = manifest.file("adapter_model.safetensors").orElseThrow();
 *     try (DecodedFile adapter = hub.openFile(file, Progress.NONE)) {
 *         adapter.read(adapter.schemaLength() + tensor.begin(), segment);
 *     }
 * }
 * }</pre>
 *
 * <p>The server is not trusted: every object is checked against the digest that the manifest names for it, every file
 * that is written against its own. The manifest itself is as trustworthy as the connection. Thread-safe; close it after
 * the last call has returned.
 */
public final class HubClient implements AutoCloseable {

    private final HubOptions options;
    private final HttpTransport transport;
    private final ObjectCache cache;
    private final ObjectDownloader downloader;
    private final ObjectDownloads downloads;
    private final RecordFiles records;

    private HubClient(Endpoint endpoint, HubOptions options, RetryPolicy.Sleeper sleeper) throws IOException {
        this.options = options;
        cache = ObjectCache.open(options.cacheDirectory());
        transport = new HttpTransport(endpoint, options);
        Repetition repetition = new Repetition(endpoint, new RetryPolicy(options.retries(), sleeper));
        downloader = new ObjectDownloader(endpoint, transport, repetition, cache);
        downloads = new ObjectDownloads(downloader, options.downloads());
        records = new RecordFiles(cache, downloader);
    }

    /**
     * Opens a client. The server is not asked yet.
     *
     * @param endpoint the server's http or https address, with or without a path
     * @param options how to work
     * @throws IllegalArgumentException if it is no such address
     * @throws IOException if the cache cannot be opened
     */
    public static HubClient open(URI endpoint, HubOptions options) throws IOException {
        return open(endpoint, options, Thread::sleep);
    }

    static HubClient open(URI endpoint, HubOptions options, RetryPolicy.Sleeper sleeper) throws IOException {
        requireNonNull(options, "options is null");
        return new HubClient(new Endpoint(requireNonNull(endpoint, "endpoint is null")), options, sleeper);
    }

    /** Returns the cache, for looking at its size and evicting from it. */
    public ObjectCache cache() {
        return cache;
    }

    /**
     * Asks what a repo holds.
     *
     * @param name the repo and the revision
     * @return its files at the commit that the revision stands for now
     * @throws HubException if the server has no such repo or revision, or its answer cannot be used
     * @throws IOException if the server cannot be reached
     */
    public Manifest resolve(RepoName name) throws IOException {
        return downloader.manifest(requireNonNull(name, "name is null"));
    }

    /**
     * Writes the files of a repo into a folder, byte for byte. Files that are there already are left as they are; the
     * others are placed, each at once, when all of them are complete and have been checked.
     *
     * @param manifest what {@link #resolve} returned
     * @param directory the folder; created if it is not there
     * @param replace whether files with other bytes may be replaced
     * @param listener hears how far it has come
     * @return what was done
     * @throws HubException of kind {@link HubException.Kind#FILE_EXISTS} if a file is in the way, of another kind if
     *     the server's data cannot be used; no file was placed then
     * @throws io.weightspan.codec.container.ContainerException if a record is damaged; no file was placed then
     * @throws IOException if the server cannot be reached or a disk fails
     */
    public FetchResult fetch(Manifest manifest, Path directory, boolean replace, FetchListener listener)
            throws IOException {
        FetchResult result = new RepoFetch(manifest, directory.toAbsolutePath().normalize(), replace, cache, downloads,
                records).run(listener);
        cache.evict(options.cacheLimit());
        return result;
    }

    /**
     * Opens one file for decoding straight from the cache, without writing it. The record and all that it needs are
     * downloaded first, where they are not in the cache; every stored chunk is checked before it is decoded. The digest
     * of the whole file is not computed, as that would decode all of it: cast to
     * {@link io.weightspan.codec.family.RecordDecoder} and verify where that is wanted.
     *
     * @param file a file of a manifest
     * @param progress hears of stored bytes that are at hand
     * @return the file, to be closed before this client is
     * @throws HubException if the server's data cannot be used
     * @throws io.weightspan.codec.container.ContainerException if the record is damaged
     * @throws IOException if the server cannot be reached or the cache fails
     */
    public DecodedFile openFile(Manifest.File file, Progress progress) throws IOException {
        downloads.get(RecordFiles.objects(List.of(file)), progress);
        return records.open(file);
    }

    /** Ends all connections; calls that are under way fail. */
    @Override
    public void close() {
        transport.close();
    }
}
