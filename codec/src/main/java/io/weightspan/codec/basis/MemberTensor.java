package io.weightspan.codec.basis;

import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;

/**
 * A tensor of a member, or of what members started from.
 *
 * @param file   the file that holds it
 * @param tensor which
 */
public record MemberTensor(DecodedFile file, TensorInfo tensor) {}
