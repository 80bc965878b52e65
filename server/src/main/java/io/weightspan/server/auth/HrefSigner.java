package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signs addresses that stand for a right by themselves, for clients that send no token with them. Every server of a
 * store knows the signatures of the others: the key is a value of the store. Thread-safe.
 */
public final class HrefSigner {

    private static final String KEY = "keys/href";
    private static final int KEY_BYTES = 32;
    private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern EXPIRY = Pattern.compile("[0-9]{1,12}");

    private final ObjectStore store;
    private final InstantSource clock;
    private volatile byte @Nullable [] key;

    /**
     * Signs with the key of a store, which is made when it is first needed.
     *
     * @param store the store
     * @param clock tells what has expired
     */
    public HrefSigner(ObjectStore store, InstantSource clock) {
        this.store = requireNonNull(store, "store is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * What gives a right.
     *
     * @param expires until when, in seconds since 1970-01-01T00:00Z
     * @param hex 64 hexadecimal digits
     */
    public record Signature(long expires, String hex) {

        /** Returns the query of an address that gives the right. */
        public String query() {
            return "expires=" + expires + "&signature=" + hex;
        }
    }

    /**
     * Signs a right until a moment.
     *
     * @param right what may be done, in a text that nobody else makes
     * @throws IOException if the store can't be read or written
     */
    public Signature sign(String right, Instant until) throws IOException {
        long seconds = until.getEpochSecond();
        return new Signature(seconds, HexFormat.of().formatHex(sign(right, seconds)));
    }

    /**
     * Returns whether a signature gives a right now.
     *
     * @throws IOException if the store can't be read or written
     */
    public boolean allows(String right, String expires, String signature) throws IOException {
        if (!EXPIRY.matcher(expires).matches() || !HEX.matcher(signature).matches()) {
            return false;
        }
        long seconds = Long.parseLong(expires);
        return MessageDigest.isEqual(sign(right, seconds), HexFormat.of().parseHex(signature))
                && clock.instant().getEpochSecond() < seconds;
    }

    private byte[] sign(String right, long seconds) throws IOException {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key(), "HmacSHA256"));
            return mac.doFinal((seconds + "\n" + right).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException | InvalidKeyException e) {
            throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
        }
    }

    private byte[] key() throws IOException {
        byte[] known = key;
        if (known == null) {
            Optional<String> text = store.value(KEY);
            if (text.isEmpty()) {
                byte[] fresh = new byte[KEY_BYTES];
                new SecureRandom().nextBytes(fresh);
                store.compareAndSet(KEY, null, HexFormat.of().formatHex(fresh) + "\n");
                text = store.value(KEY);
            }
            String hex = text.orElse("").strip();
            if (!HEX.matcher(hex).matches()) {
                throw new IOException("the store's key for addresses (" + KEY + ") is damaged; remove it");
            }
            known = HexFormat.of().parseHex(hex);
            key = known;
        }
        return known;
    }
}
