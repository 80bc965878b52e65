/** Adds the reader's commands to the command line. */
@NullMarked
package io.weightspan.client.commands;

import org.jspecify.annotations.NullMarked;
