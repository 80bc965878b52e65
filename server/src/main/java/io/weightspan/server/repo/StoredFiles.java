package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ByteSource;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.container.Limits;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Dependencies;
import io.weightspan.codec.family.OpaqueFile;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Dependency;
import io.weightspan.format.v1.Role;
import io.weightspan.server.store.ObjectNotFoundException;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Opens the files of commits, whatever they are stored as. Stateless but for its store; safe for several threads. */
public final class StoredFiles {

    /** Records may need each other this deep; the format allows less (R-LIM-014). */
    private static final int MAX_DEPTH = 8;

    private final ObjectStore store;

    /**
     * Opens files of a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public StoredFiles(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /**
     * An object that a record needs to be decoded.
     *
     * @param object the SHA-256 of its stored bytes
     * @param size its stored bytes
     * @param fileSha256 the SHA-256 of the file that it decodes to
     * @param role what it is to the record that names it first
     */
    public record StoredDependency(Digest object, long size, Digest fileSha256, Role role) {}

    /**
     * Opens a file for reading its original bytes.
     *
     * @param file a file of a commit of this store
     * @return the file, which the caller closes; its chunks are checked as they are read
     * @throws ContainerException if the record or one that it needs is damaged or missing; says which object
     * @throws CorruptStoreException if the object of a plain file is missing or has another length
     * @throws IOException if the store can't be read
     */
    public DecodedFile open(CommitFile file) throws IOException {
        return open(file, Verification.CHUNKS);
    }

    /**
     * Opens a file, with a choice of how much is checked.
     *
     * @param file a file of a commit of this store
     * @param level what is checked when it is opened and read
     * @return the file, which the caller closes
     * @throws ContainerException if the record or one that it needs is damaged or missing; says which object
     * @throws CorruptStoreException if the object of a plain file is missing or has another length
     * @throws IOException if the store can't be read
     */
    public DecodedFile open(CommitFile file, Verification level) throws IOException {
        ByteSource source = source(file);
        return switch (file.kind()) {
            case PLAIN -> new OpaqueFile(source);
            case RECORD -> decoder(source, level);
        };
    }

    /**
     * Reads a small file whole.
     *
     * @param file a file of a commit of this store, of fewer than 2 GiB
     * @return its original bytes
     * @throws ArithmeticException if it has more
     * @throws ContainerException if the record or one that it needs is damaged or missing; says which object
     * @throws CorruptStoreException if the object of a plain file is missing or has another length
     * @throws IOException if the store can't be read
     */
    public byte[] bytes(CommitFile file) throws IOException {
        try (DecodedFile open = open(file)) {
            byte[] bytes = new byte[Math.toIntExact(open.length())];
            open.read(0, MemorySegment.ofArray(bytes));
            return bytes;
        }
    }

    /**
     * Opens the decoder of a file that is stored as a record.
     *
     * @param file a file of a commit of this store, of kind {@link FileKind#RECORD}
     * @param level what is checked when it is opened and read
     * @return the decoder, which the caller closes
     * @throws IllegalArgumentException if the file is plain
     * @throws ContainerException if the record or one that it needs is damaged or missing; says which object
     * @throws IOException if the store can't be read
     */
    public RecordDecoder openRecord(CommitFile file, Verification level) throws IOException {
        if (file.kind() != FileKind.RECORD) {
            throw new IllegalArgumentException(file.path() + " is not stored as a record");
        }
        return decoder(source(file), level);
    }

    /**
     * Opens what the first layer of a file decodes to.
     *
     * @param file a file of a commit of this store that has a first part
     * @param level what is checked when it is opened and read
     * @return the layer, which the caller closes
     * @throws IllegalArgumentException if the file has no first part
     * @throws ContainerException if the record or one that it needs is damaged or missing; says which object
     * @throws IOException if the store can't be read
     */
    public DecodedFile openFirstLayer(CommitFile file, Verification level) throws IOException {
        if (file.firstPart().isEmpty()) {
            throw new IllegalArgumentException(file.path() + " has no first layer");
        }
        ByteSource part = new FirstBytes(source(file), file.firstPart().get().size());
        try {
            return RecordDecoder.openFirstPart(part, dependencies(), level);
        } catch (IOException | RuntimeException e) {
            part.close();
            throw e;
        }
    }

    /**
     * Lists the objects that the first layer of a file needs, theirs included.
     *
     * @param file a file of a commit of this store; one without a first layer needs none
     * @return each once
     * @throws ContainerException if a record on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public Set<Digest> layerDependencies(CommitFile file) throws IOException {
        Map<Digest, StoredDependency> found = new LinkedHashMap<>();
        if (file.firstPart().isEmpty()) {
            return found.keySet();
        }
        List<Dependency> used = new ArrayList<>();
        try (Container container = Container.open(source(file), Verification.STRUCTURE)) {
            List<Dependency> all = container.front().getDependenciesList();
            container.layer().orElseThrow().usedDependencies().forEach(index -> used.add(all.get(index)));
        }
        Set<Digest> needed = new LinkedHashSet<>();
        for (Dependency dependency : used) {
            Digest object = Digest.of(dependency.getObjectSha256());
            collect(object, Digest.of(dependency.getFileSha256()), 1, found);
            needed.addAll(found.keySet());
            needed.add(object);
        }
        return needed;
    }

    /**
     * Lists what must be at hand to decode a file.
     *
     * @param file a file of a commit of this store
     * @return its dependencies and theirs, each once and after those that it needs itself; none for a plain file
     * @throws ContainerException if a record on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public List<StoredDependency> dependencies(CommitFile file) throws IOException {
        Map<Digest, StoredDependency> found = new LinkedHashMap<>();
        if (file.kind() == FileKind.RECORD) {
            collect(file.object(), file.sha256(), 0, found);
        }
        return new ArrayList<>(found.values());
    }

    /**
     * Returns how a decoder of this store's records gets at their dependencies.
     *
     * @return opens records of the store by digest; a missing one is {@code MISSING_DEPENDENCY}
     */
    public Dependencies dependencies() {
        return this::openDependency;
    }

    private DecodedFile openDependency(Digest object, Digest file) throws IOException {
        return decoder(openDependency(store, object), Verification.CHUNKS);
    }

    private RecordDecoder decoder(ByteSource source, Verification level) throws IOException {
        try {
            return RecordDecoder.open(source, dependencies(), level);
        } catch (IOException | RuntimeException e) {
            source.close();
            throw e;
        }
    }

    /**
     * Returns how deep a file's tensors are (R-DEC-005).
     *
     * @param file a file of a commit of this store
     * @return that of the deepest
     * @throws ContainerException if a record on the way is damaged or missing
     * @throws IOException if the store can't be read
     */
    public int depth(CommitFile file) throws IOException {
        if (file.kind() != FileKind.RECORD) {
            return 0;
        }
        int deepest = 0;
        try (RecordDecoder decoder = openRecord(file, Verification.STRUCTURE)) {
            for (int t = 0; t < decoder.tensors().size(); t++) {
                deepest = Math.max(deepest, decoder.depth(t, Limits.DEPTH));
            }
        }
        return deepest;
    }

    /**
     * Returns what a record names as needed, without what those need.
     *
     * @param object its name
     * @param file the SHA-256 of the file that it must decode to
     * @throws ContainerException if it is damaged, missing or of another file
     * @throws IOException if the store can't be read
     */
    List<Dependency> needed(Digest object, Digest file) throws IOException {
        try (Container container = Container.open(openDependency(store, object), Verification.STRUCTURE)) {
            if (!container.fileDigest().equals(file)) {
                throw new ContainerException(ErrorCode.WRONG_DEPENDENCY, "the record decodes to another file")
                        .in(container.name(), null, -1);
            }
            return container.front().getDependenciesList();
        }
    }

    /** Adds what an object needs. */
    private void collect(Digest object, Digest file, int depth, Map<Digest, StoredDependency> found)
            throws IOException {
        if (depth > MAX_DEPTH) {
            throw new ContainerException(
                    ErrorCode.LIMIT_EXCEEDED, "records need each other too deep", object.hex(), null, -1, null);
        }
        for (Dependency dependency : needed(object, file)) {
            Digest needed = Digest.of(dependency.getObjectSha256());
            Digest neededFile = Digest.of(dependency.getFileSha256());
            collect(needed, neededFile, depth + 1, found);
            if (!found.containsKey(needed)) {
                long size = store.size(needed).orElseThrow(() -> new IllegalStateException("deleted while read"));
                found.put(needed, new StoredDependency(needed, size, neededFile, dependency.getRole()));
            }
        }
    }

    /**
     * Opens an object that a record needs.
     *
     * @param store where it is looked for
     * @param object its name
     * @return its stored bytes, to be closed
     * @throws ContainerException {@code MISSING_DEPENDENCY} if the store doesn't have it
     * @throws IOException if the store can't be read
     */
    public static ByteSource openDependency(ObjectStore store, Digest object) throws IOException {
        try {
            return store.open(object);
        } catch (ObjectNotFoundException e) {
            throw new ContainerException(
                    ErrorCode.MISSING_DEPENDENCY,
                    "object " + object.hex() + " is not in the store",
                    store.location(),
                    null,
                    -1,
                    e);
        }
    }

    private ByteSource source(CommitFile file) throws IOException {
        ByteSource source;
        try {
            source = store.open(file.object());
        } catch (ObjectNotFoundException e) {
            throw new CorruptStoreException(
                    "the object of " + file.path() + " is missing: " + file.object().hex(), e);
        }
        if (source.size() != file.storedSize()) {
            long size = source.size();
            source.close();
            throw new CorruptStoreException("the object of " + file.path() + " has " + size + " bytes instead of "
                    + file.storedSize() + ": " + file.object().hex());
        }
        return source;
    }
}
