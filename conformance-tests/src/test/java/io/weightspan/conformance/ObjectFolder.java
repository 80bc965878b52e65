package io.weightspan.conformance;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Dependencies;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.tensor.DecodedFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Dependencies out of files, each checked against the digest that it is named by (R-DEC-002, R-DEC-003). */
final class ObjectFolder implements Dependencies {

    private final Map<String, Path> objects;
    private final Verification level;

    /**
     * The objects that can be had.
     *
     * @param objects files by digest in hex
     * @param level how far a dependency is verified
     */
    ObjectFolder(Map<String, Path> objects, Verification level) {
        this.objects = new TreeMap<>(objects);
        this.level = level;
    }

    /** Makes one more object known. */
    void add(Digest digest, Path file) {
        objects.put(digest.hex(), file);
    }

    @Override
    public DecodedFile open(Digest objectSha256, Digest fileSha256) throws IOException {
        Path path = objects.get(objectSha256.hex());
        if (path == null) {
            throw new ContainerException(ErrorCode.MISSING_DEPENDENCY, objectSha256.hex());
        }
        try (MappedSource source = MappedSource.open(path)) {
            if (!Digest.sha256(source.bytes()).equals(objectSha256)) {
                throw new ContainerException(ErrorCode.WRONG_DEPENDENCY, objectSha256.hex());
            }
        }
        return RecordDecoder.open(MappedSource.open(path), this, level);
    }
}
