/** Answers the Hugging Face Hub API. */
@NullMarked
package io.weightspan.server.hub;

import org.jspecify.annotations.NullMarked;
