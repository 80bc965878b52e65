package io.weightspan.client.hub;

import io.weightspan.client.cache.ObjectCache;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Dependencies;
import io.weightspan.codec.family.OpaqueFile;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Opens the files of a manifest from the cache, getting again what another process evicted. Thread-safe. */
final class RecordFiles {

    private static final String SAFETENSORS = ".safetensors";

    /** An object may be evicted between being got and being opened, but hardly three times. */
    private static final int OPEN_ATTEMPTS = 3;

    private final ObjectCache cache;
    private final ObjectDownloader downloader;

    RecordFiles(ObjectCache cache, ObjectDownloader downloader) {
        this.cache = cache;
        this.downloader = downloader;
    }

    /** Returns all that it takes to decode some files, by its digest, what others need first. */
    static Map<Digest, RemoteBytes> objects(Iterable<Manifest.File> files) {
        Map<Digest, RemoteBytes> needed = new LinkedHashMap<>();
        for (Manifest.File file : files) {
            for (Manifest.Dependency dependency : file.dependencies()) {
                needed.put(dependency.object(), RemoteBytes.of(dependency.object(), dependency.size()));
            }
            needed.put(file.object(), RemoteBytes.of(file));
        }
        return needed;
    }

    /**
     * Opens a file for decoding while it is read; every stored chunk is checked before it is decoded.
     *
     * @throws HubException of kind {@link HubException.Kind#WRONG_FILE} if the object is a record of another file
     * @throws ContainerException if the object is damaged
     * @throws IOException if an object cannot be had
     */
    DecodedFile open(Manifest.File file) throws IOException {
        if (file.kind() == Manifest.Kind.PLAIN) {
            return openCached(RemoteBytes.of(file), path -> openPlain(path, file.path()));
        }
        boolean isWhole = file.firstPartOf().isEmpty();
        RecordDecoder decoder = openCached(RemoteBytes.of(file),
                path -> openRecord(path, dependencies(file), isWhole));
        if (!decoder.fileDigest().equals(file.sha256()) || decoder.length() != file.size()) {
            try (decoder) {
                throw new HubException(HubException.Kind.WRONG_FILE, "the record " + file.object().hex()
                        + " that the server names for '" + RelativePath.shown(file.path()) + "' is of another file");
            }
        }
        return decoder;
    }

    private static DecodedFile openPlain(Path path, String name) throws IOException {
        return name.endsWith(SAFETENSORS) ? SafetensorsFile.open(path) : new OpaqueFile(MappedSource.open(path));
    }

    private static RecordDecoder openRecord(Path path, Dependencies dependencies, boolean isWhole)
            throws IOException {
        MappedSource source = MappedSource.open(path);
        try {
            return isWhole
                    ? RecordDecoder.open(source, dependencies, Verification.CHUNKS)
                    : RecordDecoder.openFirstPart(source, dependencies, Verification.CHUNKS);
        } catch (IOException | RuntimeException | Error e) {
            try (source) {
                throw e;
            }
        }
    }

    private Dependencies dependencies(Manifest.File file) {
        Map<Digest, Manifest.Dependency> known = new HashMap<>();
        for (Manifest.Dependency dependency : file.dependencies()) {
            known.put(dependency.object(), dependency);
        }
        return new FromManifest(known);
    }

    private <T> T openCached(RemoteBytes bytes, Opener<T> opener) throws IOException {
        for (int attempt = 1;; attempt++) {
            Path path = cache.find(bytes.sha256(), bytes.size()).orElse(null);
            if (path == null) {
                downloader.download(bytes, Progress.NONE);
                continue;
            }
            try {
                return opener.open(path);
            } catch (NoSuchFileException evicted) {
                if (attempt == OPEN_ATTEMPTS) {
                    throw evicted;
                }
            }
        }
    }

    /**
     * Reads again all objects of a file that does not decode and removes the damaged ones.
     *
     * @return whether there was one, so that getting the objects again may help
     * @throws IOException if the cache cannot be read
     */
    boolean removeDamaged(Manifest.File file) throws IOException {
        List<Digest> damaged = new ArrayList<>();
        for (Digest object : objects(List.of(file)).keySet()) {
            if (!cache.recheck(object)) {
                damaged.add(object);
            }
        }
        return !damaged.isEmpty();
    }

    /** Opens a file of the cache. */
    @FunctionalInterface
    private interface Opener<T> {
        T open(Path path) throws IOException;
    }

    /** The objects that the manifest names, and no others. */
    private final class FromManifest implements Dependencies {

        private final Map<Digest, Manifest.Dependency> known;

        FromManifest(Map<Digest, Manifest.Dependency> known) {
            this.known = known;
        }

        @Override
        public DecodedFile open(Digest objectSha256, Digest fileSha256) throws IOException {
            Manifest.Dependency dependency = known.get(objectSha256);
            if (dependency == null) {
                throw new ContainerException(ErrorCode.MISSING_DEPENDENCY,
                        "the record needs " + objectSha256.hex() + ", which the server's manifest does not name");
            }
            RemoteBytes bytes = RemoteBytes.of(objectSha256, dependency.size());
            return openCached(bytes, path -> openObject(path, objectSha256, fileSha256));
        }

        private DecodedFile openObject(Path path, Digest objectSha256, Digest fileSha256) throws IOException {
            if (objectSha256.equals(fileSha256)) {
                // A plain object is its own file, and was checked against its digest when it arrived.
                return SafetensorsFile.open(path);
            }
            RecordDecoder decoder = openRecord(path, this, true);
            if (!decoder.fileDigest().equals(fileSha256)) {
                try (decoder) {
                    throw new ContainerException(ErrorCode.WRONG_DEPENDENCY, "a dependency decodes to another file",
                            path.toString(), null, -1, null);
                }
            }
            return decoder;
        }
    }
}
