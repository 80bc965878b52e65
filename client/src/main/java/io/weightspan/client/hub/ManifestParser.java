package io.weightspan.client.hub;

import io.weightspan.codec.container.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the manifest that a server sends. The server is not trusted: sizes, digests and counts are checked, and a path
 * is refused before it becomes one of this machine.
 */
final class ManifestParser {

    /** Bytes that a manifest may have; the body is not read beyond. */
    static final int MAX_BYTES = 32 << 20;

    /** The format's limit of an original file. */
    private static final long MAX_FILE_SIZE = 1L << 62;

    private static final int MAX_FILES = 100_000;
    private static final int MAX_DEPENDENCIES = 1024;
    private static final int MAX_STRING = 4096;
    private static final int MAX_NUMBER = 20;
    private static final int MAX_DEPTH = 32;
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_NUMBER)
                    .maxStringLength(MAX_STRING)
                    .maxNameLength(MAX_STRING)
                    .maxDocumentLength(MAX_BYTES)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build())
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            // A newer server may say more; unknown members are skipped and take no memory.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ManifestParser() {}

    /**
     * Reads a manifest.
     *
     * @param json the body of the answer, at most {@link #MAX_BYTES} bytes
     * @param asked the repo that was asked for
     * @throws HubException of kind {@link HubException.Kind#BAD_ANSWER} if it is not the manifest of that repo, or
     *     names what this client must not touch
     */
    static Manifest parse(byte[] json, RepoName asked) throws HubException {
        if (json.length > MAX_BYTES) {
            throw bad("a manifest of more than " + MAX_BYTES + " bytes");
        }
        RawManifest raw;
        try {
            raw = MAPPER.readValue(json, RawManifest.class);
        } catch (JacksonException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    "the server's manifest is not the JSON that the protocol says: " + e.getOriginalMessage(), e);
        }
        if (raw == null) {
            throw bad("a manifest that is null");
        }
        if (!asked.repo().equals(raw.repo)) {
            throw bad("a manifest of another repo");
        }
        String revision = required(raw.revision, "revision");
        if (!COMMIT.matcher(revision).matches()) {
            throw bad("a revision that is not a commit");
        }
        List<Manifest.File> files = files(required(raw.files, "files"));
        return new Manifest(asked.repo(), revision, Objects.requireNonNullElse(raw.family, ""), files);
    }

    private static List<Manifest.File> files(List<RawFile> raw) throws HubException {
        if (raw.size() > MAX_FILES) {
            throw bad("more than " + MAX_FILES + " files");
        }
        Map<Digest, Long> sizes = new HashMap<>();
        List<Manifest.File> files = new ArrayList<>(raw.size());
        for (RawFile file : raw) {
            files.add(file(required(file, "file"), sizes));
        }
        refuseClashes(files);
        return files;
    }

    private static Manifest.File file(RawFile raw, Map<Digest, Long> sizes) throws HubException {
        String path = RelativePath.check(required(raw.path, "path"));
        RawObject object = required(raw.object, "object");
        Manifest.Kind kind = kind(required(object.kind, "kind"));
        long size = size(raw.size, MAX_FILE_SIZE);
        Digest sha256 = digest(raw.sha256);
        Digest stored = digest(object.sha256);
        long storedSize = objectSize(stored, object.size, sizes);
        List<RawDependency> dependencies = Objects.requireNonNullElse(raw.dependencies, List.of());
        if (kind == Manifest.Kind.PLAIN
                && (!stored.equals(sha256) || storedSize != size || !dependencies.isEmpty())) {
            throw bad("a plain file that is not its own object");
        }
        if (dependencies.size() > MAX_DEPENDENCIES) {
            throw bad("more than " + MAX_DEPENDENCIES + " dependencies of a file");
        }
        List<Manifest.Dependency> needed = new ArrayList<>(dependencies.size());
        for (RawDependency dependency : dependencies) {
            needed.add(dependency(required(dependency, "dependency"), sizes));
        }
        Optional<Digest> original =
                raw.originalSha256 == null ? Optional.empty() : Optional.of(digest(raw.originalSha256));
        return new Manifest.File(path, size, sha256, kind, stored, storedSize, needed, original,
                layer(raw.layer, kind, storedSize, sizes), Optional.empty());
    }

    private static Optional<Manifest.Layer> layer(@Nullable RawLayer raw, Manifest.Kind kind, long storedSize,
            Map<Digest, Long> sizes) throws HubException {
        if (raw == null) {
            return Optional.empty();
        }
        Digest sha256 = digest(raw.sha256);
        long size = objectSize(sha256, raw.size, sizes);
        if (kind == Manifest.Kind.PLAIN || size == 0 || size >= storedSize) {
            throw bad("a first layer that is no part of its record");
        }
        Set<Digest> needed = new HashSet<>();
        List<String> dependencies = Objects.requireNonNullElse(raw.dependencies, List.of());
        if (dependencies.size() > MAX_DEPENDENCIES) {
            throw bad("more than " + MAX_DEPENDENCIES + " dependencies of a layer");
        }
        for (String dependency : dependencies) {
            needed.add(digest(dependency));
        }
        return Optional.of(new Manifest.Layer(sha256, size, digest(raw.fileSha256), needed));
    }

    private static Manifest.Dependency dependency(RawDependency raw, Map<Digest, Long> sizes) throws HubException {
        Digest object = digest(raw.object);
        return new Manifest.Dependency(object, objectSize(object, raw.size, sizes), digest(raw.fileSha256),
                Objects.requireNonNullElse(raw.role, ""));
    }

    private static Manifest.Kind kind(String text) throws HubException {
        return switch (text) {
            case "record" -> Manifest.Kind.RECORD;
            case "plain" -> Manifest.Kind.PLAIN;
            default -> throw bad("an object of unknown kind; a newer client may know it");
        };
    }

    /** Checks the size of an object, which must be the same wherever the object is named. */
    private static long objectSize(Digest object, @Nullable Long raw, Map<Digest, Long> sizes) throws HubException {
        long size = size(raw, Long.MAX_VALUE);
        Long before = sizes.putIfAbsent(object, size);
        if (before != null && before != size) {
            throw bad("two sizes for one object");
        }
        return size;
    }

    private static long size(@Nullable Long raw, long limit) throws HubException {
        long size = required(raw, "size");
        if (size < 0 || size > limit) {
            throw bad("a size out of range");
        }
        return size;
    }

    private static Digest digest(@Nullable String raw) throws HubException {
        String hex = required(raw, "digest");
        if (!SHA256.matcher(hex).matches()) {
            throw bad("a digest that is not 64 hexadecimal digits in lower case");
        }
        return Digest.of(hex);
    }

    /** Refuses a path that occurs twice and a file that is also a folder. */
    private static void refuseClashes(List<Manifest.File> files) throws HubException {
        // With the slash sorting below all else that a path may hold, a folder stands right before what lies in it.
        TreeSet<String> paths = new TreeSet<>();
        for (Manifest.File file : files) {
            if (!paths.add(file.path().replace('/', '\0'))) {
                throw bad("a path that occurs twice: " + RelativePath.shown(file.path()));
            }
        }
        String before = null;
        for (String path : paths) {
            if (before != null && path.startsWith(before + '\0')) {
                throw bad("a file that is also a folder");
            }
            before = path;
        }
    }

    private static <T> T required(@Nullable T value, String name) throws HubException {
        if (value == null) {
            throw bad("a manifest without " + name);
        }
        return value;
    }

    private static HubException bad(String what) {
        return new HubException(HubException.Kind.BAD_ANSWER, "the server sent " + what);
    }

    private record RawManifest(@Nullable String repo, @Nullable String revision, @Nullable String family,
            @Nullable List<RawFile> files) {}

    private record RawFile(@Nullable String path, @Nullable Long size, @Nullable String sha256,
            @Nullable RawObject object, @Nullable List<RawDependency> dependencies, @Nullable String originalSha256,
            @Nullable RawLayer layer) {}

    private record RawLayer(@Nullable String sha256, @Nullable Long size, @Nullable String fileSha256,
            @Nullable List<String> dependencies) {}

    private record RawObject(@Nullable String kind, @Nullable String sha256, @Nullable Long size) {}

    private record RawDependency(@Nullable String object, @Nullable Long size, @Nullable String fileSha256,
            @Nullable String role) {}
}
