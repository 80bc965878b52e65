/** Opens the bytes of stored files for answers, with what was decoded a moment ago kept at hand. */
@NullMarked
package io.weightspan.server.content;

import org.jspecify.annotations.NullMarked;
