package io.weightspan.server.auth;

import io.weightspan.codec.container.Digest;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * Makes tokens: {@code wst_} and 34 characters that hold 200 random bits. The prefix lets scanners for secrets find
 * them. Stateless.
 */
public final class NewToken {

    private static final String PREFIX = "wst_";
    private static final int BYTES = 25;

    private NewToken() {}

    /** Returns a new token, which is told to its bearer and kept nowhere. */
    public static String create() {
        byte[] random = new byte[BYTES];
        new SecureRandom().nextBytes(random);
        // The two characters of Base64 that aren't letters or digits would break a token in two when it is selected.
        return PREFIX
                + Base64.getUrlEncoder().withoutPadding().encodeToString(random).replace('-', '0').replace('_', '1');
    }

    /** Returns what a token is known by. */
    public static Digest hash(String token) {
        return Digest.sha256(MemorySegment.ofArray(token.getBytes(StandardCharsets.UTF_8)));
    }
}
