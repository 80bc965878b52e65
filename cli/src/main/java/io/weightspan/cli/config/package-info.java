/** Takes a command's options from a file and from the environment where the command line doesn't name them. */
@NullMarked
package io.weightspan.cli.config;

import org.jspecify.annotations.NullMarked;
