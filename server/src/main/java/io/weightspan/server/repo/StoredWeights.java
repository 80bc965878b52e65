package io.weightspan.server.repo;

import io.weightspan.codec.predict.FileSketch;
import io.weightspan.format.v1.Role;

/**
 * A safetensors file of the store that may predict others.
 *
 * @param file the file, of kind {@link FileKind#RECORD}
 * @param role what it is to those that it predicts
 * @param depth the largest depth that its tensors can have (R-DEC-005)
 * @param sketch its sample
 */
record StoredWeights(CommitFile file, Role role, int depth, FileSketch sketch) {}
