package io.weightspan.client.hub;

import io.weightspan.client.cache.ObjectCache;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One fetch of a repo into a folder: nothing is placed there before every file is whole and checked. */
final class RepoFetch {

    private final Manifest manifest;
    private final Path directory;
    private final boolean replace;
    private final ObjectCache cache;
    private final ObjectDownloads downloads;
    private final RecordFiles records;

    RepoFetch(Manifest manifest, Path directory, boolean replace, ObjectCache cache, ObjectDownloads downloads,
            RecordFiles records) {
        this.manifest = manifest;
        this.directory = directory;
        this.replace = replace;
        this.cache = cache;
        this.downloads = downloads;
        this.records = records;
    }

    /**
     * Fetches the repo.
     *
     * @throws HubException if the server's data cannot be used, or a file is in the way
     * @throws IOException if the server cannot be reached or a disk fails
     */
    FetchResult run(FetchListener listener) throws IOException {
        Files.createDirectories(directory);
        List<FetchResult.Written> outcomes = new ArrayList<>();
        List<Manifest.File> wanted = new ArrayList<>();
        List<String> inTheWay = new ArrayList<>();
        for (Manifest.File file : manifest.files()) {
            FetchResult.Outcome outcome = outcome(file);
            outcomes.add(new FetchResult.Written(file, outcome));
            if (outcome == FetchResult.Outcome.REPLACED && !replace) {
                inTheWay.add(file.path());
            }
            if (outcome != FetchResult.Outcome.UNCHANGED) {
                wanted.add(file);
            }
        }
        refuseToOverwrite(inTheWay);
        Map<Digest, RemoteBytes> missing = new LinkedHashMap<>();
        long cachedBytes = 0;
        for (RemoteBytes bytes : RecordFiles.objects(wanted).values()) {
            if (cache.find(bytes.sha256(), bytes.size()).isPresent()) {
                cachedBytes += bytes.size();
            } else {
                missing.put(bytes.sha256(), bytes);
            }
        }
        long missingBytes = total(missing.values().stream().map(RemoteBytes::size).toList());
        downloads.get(missing, listener.downloads(missing.size(), missingBytes));
        write(wanted, listener);
        return new FetchResult(manifest, directory, outcomes, missingBytes, cachedBytes);
    }

    private FetchResult.Outcome outcome(Manifest.File file) throws IOException {
        Path target = Staging.resolve(directory, file.path());
        refuseOddParents(target);
        BasicFileAttributes attributes;
        try {
            attributes = Files.readAttributes(target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException absent) {
            return FetchResult.Outcome.CREATED;
        }
        if (attributes.isDirectory() || attributes.isOther()) {
            throw new HubException(HubException.Kind.FILE_EXISTS, target + " is in the way and is not a file");
        }
        // A link is looked through to compare, and replaced itself, never what it points to.
        return Files.isRegularFile(target) && Files.size(target) == file.size()
                && digest(target).equals(file.sha256())
                        ? FetchResult.Outcome.UNCHANGED
                        : FetchResult.Outcome.REPLACED;
    }

    /** A link among the parents could lead a write out of the folder. */
    private void refuseOddParents(Path target) throws HubException {
        Path parent = directory;
        Path names = directory.relativize(target);
        for (int i = 0; i < names.getNameCount() - 1; i++) {
            parent = parent.resolve(names.getName(i));
            if (Files.exists(parent, LinkOption.NOFOLLOW_LINKS)
                    && !Files.isDirectory(parent, LinkOption.NOFOLLOW_LINKS)) {
                throw new HubException(HubException.Kind.FILE_EXISTS, parent + " is in the way and is not a folder");
            }
        }
    }

    private void refuseToOverwrite(List<String> inTheWay) throws HubException {
        if (!inTheWay.isEmpty()) {
            String more = inTheWay.size() == 1 ? "" : " and " + (inTheWay.size() - 1) + " more";
            throw new HubException(HubException.Kind.FILE_EXISTS, directory.resolve(inTheWay.getFirst()) + more
                    + " would be overwritten with other bytes; nothing was changed");
        }
    }

    private static Digest digest(Path file) throws IOException {
        try (MappedSource mapped = MappedSource.open(file)) {
            return Digest.sha256(mapped.bytes());
        }
    }

    private void write(List<Manifest.File> wanted, FetchListener listener) throws IOException {
        long bytes = total(wanted.stream().map(Manifest.File::size).toList());
        refuseFullDisk(bytes);
        Progress progress = listener.files(wanted.size(), bytes);
        if (wanted.isEmpty()) {
            return;
        }
        try (Staging staging = Staging.open(directory);
                DecodedCopy copy = new DecodedCopy(Runtime.getRuntime().availableProcessors())) {
            for (Manifest.File file : wanted) {
                try (FileChannel channel = staging.create(file.path())) {
                    decode(file, channel, copy, progress);
                }
            }
            for (Manifest.File file : wanted) {
                staging.place(file.path());
            }
        }
    }

    private void refuseFullDisk(long bytes) throws IOException {
        long free = Files.getFileStore(directory).getUsableSpace();
        if (free < bytes) {
            throw new IOException(directory + " has room for " + free + " bytes, and the files need " + bytes);
        }
    }

    /** Decodes a file; a damaged cache is no reason to fail, as what it holds can be got again. */
    private void decode(Manifest.File file, FileChannel channel, DecodedCopy copy, Progress progress)
            throws IOException {
        try {
            decodeOnce(file, channel, copy, progress);
        } catch (ContainerException | HubException e) {
            if (!records.removeDamaged(file)) {
                throw e;
            }
            channel.truncate(0);
            downloads.get(RecordFiles.objects(List.of(file)), Progress.NONE);
            decodeOnce(file, channel, copy, Progress.NONE);
        }
    }

    private void decodeOnce(Manifest.File file, FileChannel channel, DecodedCopy copy, Progress progress)
            throws IOException {
        Digest found;
        try (DecodedFile decoded = records.open(file)) {
            found = copy.copy(decoded, channel, progress);
        }
        if (!found.equals(file.sha256())) {
            throw new HubException(HubException.Kind.WRONG_FILE, "'" + RelativePath.shown(file.path())
                    + "' decodes to the SHA-256 " + found.hex() + ", not " + file.sha256().hex());
        }
    }

    private static long total(Iterable<Long> sizes) {
        long sum = 0;
        for (long size : sizes) {
            // The server chose the sizes.
            sum = Math.addExact(sum, size);
        }
        return sum;
    }
}
