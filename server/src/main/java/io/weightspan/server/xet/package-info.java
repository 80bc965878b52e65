/** Takes uploads as Xet sends them: chunks of files in xorbs, and shards that say which chunks make which file. */
@NullMarked
package io.weightspan.server.xet;

import org.jspecify.annotations.NullMarked;
