/** What the format defines and every implementation needs: constants, registry names and error codes. */
@NullMarked
package io.weightspan.format;

import org.jspecify.annotations.NullMarked;
