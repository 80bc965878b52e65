/** Says which files a {@code .gitignore} leaves out, as git does. */
@NullMarked
package io.weightspan.server.gitignore;

import org.jspecify.annotations.NullMarked;
