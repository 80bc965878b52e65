package io.weightspan.codec.analysis;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.tensor.DecodedFile;

/**
 * A weight file of a family.
 *
 * @param name what the analysis calls it
 * @param file the file, which stays the caller's to close
 */
public record FamilyMember(String name, DecodedFile file) {
    /** Checks the arguments. */
    public FamilyMember {
        requireNonNull(name, "name is null");
        requireNonNull(file, "file is null");
    }
}
