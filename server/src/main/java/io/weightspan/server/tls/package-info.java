/** The certificate and key of a server, read from files and read again when they change. */
@NullMarked
package io.weightspan.server.tls;

import org.jspecify.annotations.NullMarked;
