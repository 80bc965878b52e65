package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import java.util.List;

/**
 * What an encoder wrote.
 *
 * @param objectSha256 digest of the stored bytes
 * @param storedLength stored bytes
 * @param originalSha256 digest of the file that was encoded
 * @param fileSha256 digest of the file that the record decodes to: the same unless the record is an approximation
 * @param fileLength bytes of either file
 * @param layered whether the record has a first layer, or is one
 * @param dependencies the references that the record needs, in the record's order; usually fewer than were offered
 * @param depth the largest depth of its tensors (R-DEC-005)
 */
public record EncodedRecord(
        Digest objectSha256,
        long storedLength,
        Digest originalSha256,
        Digest fileSha256,
        long fileLength,
        boolean layered,
        List<Reference> dependencies,
        int depth) {}
