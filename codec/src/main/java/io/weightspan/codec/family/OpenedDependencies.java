package io.weightspan.codec.family;

import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Role;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The files that a record needs, each opened when it is first needed and closed with this. Thread-safe. */
final class OpenedDependencies implements Closeable {
    private final Container container;
    private final TensorCoding coding;
    private final Dependencies dependencies;
    private final @Nullable DecodedFile[] opened;

    OpenedDependencies(Container container, Dependencies dependencies) {
        this.container = container;
        coding = container.layer().orElseGet(container::coding);
        this.dependencies = dependencies;
        opened = new DecodedFile[container.front().getDependenciesCount()];
    }

    /** The name of a dependency. */
    Digest digest(int dependency) {
        return Digest.of(container.front().getDependencies(dependency).getObjectSha256());
    }

    /** The role of a dependency. */
    Role role(int dependency) {
        return container.front().getDependencies(dependency).getRole();
    }

    /**
     * Opens a dependency.
     *
     * @param index which, in range
     * @param tensor the tensor that needs it, for errors
     * @throws ContainerException {@code MISSING_DEPENDENCY} or {@code WRONG_DEPENDENCY}, and what opening a record
     *      throws
     * @throws IOException if it cannot be read
     */
    synchronized DecodedFile get(int index, int tensor) throws IOException {
        DecodedFile known = opened[index];
        if (known == null) {
            Dependency dependency = container.front().getDependencies(index);
            Digest file = Digest.of(dependency.getFileSha256());
            try {
                known = dependencies.open(digest(index), file);
            } catch (ContainerException e) {
                throw e.in(container.name(), container.tensors().get(tensor).name(), -1); // R-ERR-001
            }
            opened[index] = known;
            if (known instanceof RecordDecoder record && !record.fileDigest().equals(file)) {
                throw coding.error(
                        ErrorCode.WRONG_DEPENDENCY,
                        "dependency " + digest(index) + " decodes to file " + record.fileDigest() + ", not " + file,
                        tensor,
                        -1,
                        null);
            }
        }
        return known;
    }

    @Override
    public synchronized void close() throws IOException {
        IOException failure = null;
        for (DecodedFile file : opened) {
            if (file != null) {
                try {
                    file.close();
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
