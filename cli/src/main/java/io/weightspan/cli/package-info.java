/** Frames the command line: finds the commands, runs one, and turns its outcome into an exit status. */
@NullMarked
package io.weightspan.cli;

import org.jspecify.annotations.NullMarked;
