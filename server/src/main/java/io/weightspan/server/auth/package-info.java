/** Says who asks, by an access token, and what they may do with which repositories. */
@NullMarked
package io.weightspan.server.auth;

import org.jspecify.annotations.NullMarked;
