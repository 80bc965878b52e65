/** Answers the Hugging Face Hub's API, as stock clients speak it when {@code HF_ENDPOINT} points here. */
@NullMarked
package io.weightspan.server.hub;

import org.jspecify.annotations.NullMarked;
