package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import java.util.List;

/**
 * What an encoder wrote.
 *
 * @param objectSha256 digest of the stored bytes
 * @param storedLength stored bytes
 * @param fileSha256 digest of the original file
 * @param fileLength bytes of the original file
 * @param dependencies the references that the record needs, in the record's order; usually fewer than were offered
 * @param depth the largest depth of its tensors (R-DEC-005)
 */
public record EncodedRecord(
        Digest objectSha256,
        long storedLength,
        Digest fileSha256,
        long fileLength,
        List<Reference> dependencies,
        int depth) {}
