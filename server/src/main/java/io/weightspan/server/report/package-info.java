/** Pages for people to read without a server: one file each, with everything in it. */
@NullMarked
package io.weightspan.server.report;

import org.jspecify.annotations.NullMarked;
