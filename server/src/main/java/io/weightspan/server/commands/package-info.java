/** Adds the host's commands to the command line. */
@NullMarked
package io.weightspan.server.commands;

import org.jspecify.annotations.NullMarked;
