package io.weightspan.server.store.s3;

import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/** The local folder that holds the scratch folders of sessions. Stateless. */
final class ScratchFolder {

    private static final String NAME = "weightspan-scratch-";

    private ScratchFolder() {}

    /**
     * Returns the folder, made where it wasn't there.
     *
     * @param told where a person wants it; empty for one of this user's in the system's temporary folder
     * @throws IOException if it can't be made, or the one in the temporary folder is another user's
     */
    static Path of(Optional<Path> told) throws IOException {
        if (told.isPresent()) {
            return Files.createDirectories(told.get());
        }
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        Path folder = createOwn(temporary.resolve(NAME + System.getProperty("user.name")));
        // Everybody may write to the temporary folder, so somebody else may have made ours to read what we put there.
        Path probe = Files.createTempFile(temporary, NAME, null);
        try {
            if (!Files.getOwner(probe).equals(Files.getOwner(folder))) {
                throw new IOException("scratch folder " + folder + " belongs to "
                        + Files.getOwner(folder) + "; name another in WEIGHTSPAN_SCRATCH_DIR");
            }
        } finally {
            Files.delete(probe);
        }
        return folder;
    }

    /** Creates a folder that only this user can read, and those above it, where they aren't there. */
    static Path createOwn(Path folder) throws IOException {
        FileAttribute<?>[] attributes = FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        return Files.createDirectories(folder, attributes);
    }
}
