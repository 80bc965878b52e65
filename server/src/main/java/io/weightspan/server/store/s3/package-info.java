/** Keeps a store in a bucket of an S3 service, and blocks that were read on the local disk. */
@NullMarked
package io.weightspan.server.store.s3;

import org.jspecify.annotations.NullMarked;
