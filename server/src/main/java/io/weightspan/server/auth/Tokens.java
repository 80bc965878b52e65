package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens of a file as they are now: a change of the file counts within a second. A file that can't be used any more
 * leaves the tokens as they were, and is logged. Thread-safe.
 */
public final class Tokens {

    private static final Logger LOG = LoggerFactory.getLogger(Tokens.class);
    private static final long LOOK_EVERY_MILLIS = 1000;

    private final TokenFile file;
    private final InstantSource clock;
    private volatile List<AccessToken> tokens;

    // Guarded by this.
    private FileTime changed;
    private long looked;

    /**
     * Reads a file.
     *
     * @param file the file
     * @param clock tells what has expired
     * @throws IOException if it can't be read or isn't of the form
     */
    public Tokens(TokenFile file, InstantSource clock) throws IOException {
        this.file = requireNonNull(file, "file is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.changed = Files.getLastModifiedTime(file.path());
        this.looked = clock.millis();
        this.tokens = file.read();
    }

    /** Returns the token of these characters, where it is one and hasn't expired. */
    public Optional<AccessToken> find(String token) {
        look();
        Digest hash = NewToken.hash(token);
        Instant now = clock.instant();
        Optional<AccessToken> found = Optional.empty();
        for (AccessToken known : tokens) {
            // Each is compared, in constant time, so that how long this takes tells nothing.
            if (MessageDigest.isEqual(known.sha256().bytes(), hash.bytes()) && !known.isExpired(now)) {
                found = Optional.of(known);
            }
        }
        return found;
    }

    /** Returns the token of a name, where there is one and it hasn't expired. */
    Optional<AccessToken> named(String name) {
        look();
        Instant now = clock.instant();
        return tokens.stream()
                .filter(known -> known.name().equals(name) && !known.isExpired(now))
                .findFirst();
    }

    private synchronized void look() {
        long now = clock.millis();
        if (now - looked < LOOK_EVERY_MILLIS && now >= looked) {
            return;
        }
        looked = now;
        try {
            FileTime time = Files.getLastModifiedTime(file.path());
            if (!time.equals(changed)) {
                tokens = file.read();
                changed = time;
                LOG.info("read {} tokens of {}", tokens.size(), file.path());
            }
        } catch (IOException e) {
            LOG.warn("the tokens stay as they were", e);
        }
    }
}
