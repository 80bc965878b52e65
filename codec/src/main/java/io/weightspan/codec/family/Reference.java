package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.PredictorKind;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.format.v1.Role;

/**
 * A stored file whose tensors may predict those of a file to be encoded.
 *
 * @param objectSha256 digest of the stored object
 * @param fileSha256 digest of the file it decodes to
 * @param role base or sibling
 * @param file its decoded bytes; the original file where it is at hand, as that reads fastest
 * @param depth the largest depth of its tensors (R-DEC-005): 0 if it needs no other object
 */
public record Reference(Digest objectSha256, Digest fileSha256, Role role, DecodedFile file, int depth) {
    /** Checks the role. */
    public Reference {
        if (role != Role.ROLE_BASE && role != Role.ROLE_SIBLING) {
            throw new IllegalArgumentException("a reference is a base or a sibling, not " + role);
        }
    }

    PredictorKind predictor() {
        return role == Role.ROLE_BASE ? PredictorKind.BASE : PredictorKind.SIBLING;
    }
}
