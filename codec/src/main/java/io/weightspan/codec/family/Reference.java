package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;
import java.lang.foreign.MemorySegment;

/**
 * A stored file whose tensors may predict those of a file to be encoded.
 *
 * @param objectSha256 digest of the stored object
 * @param fileSha256 digest of the file it decodes to
 * @param role base, sibling or basis
 * @param file its decoded bytes; the original file where it is at hand, as that reads fastest
 * @param depth the largest depth of its tensors (R-DEC-005): 0 if it needs no other object
 */
public record Reference(Digest objectSha256, Digest fileSha256, Role role, DecodedFile file, int depth) {
    /**
     * Checks the role.
     *
     * @throws IllegalArgumentException if there is no such role
     */
    public Reference {
        if (role == Role.UNRECOGNIZED) {
            throw new IllegalArgumentException("a reference of unknown role");
        }
    }

    /** The first layer of the record at hand, which is no dependency. */
    static Reference ofLayer(DecodedFile file, int depth) {
        Digest none = Digest.sha256(MemorySegment.NULL);
        return new Reference(none, none, Role.ROLE_UNSPECIFIED, file, depth);
    }

    PredictorKind predictor() {
        return switch (role) {
            case ROLE_BASE -> PredictorKind.BASE;
            case ROLE_SIBLING -> PredictorKind.SIBLING;
            case ROLE_BASIS -> PredictorKind.MODES;
            default -> PredictorKind.LAYER;
        };
    }
}
