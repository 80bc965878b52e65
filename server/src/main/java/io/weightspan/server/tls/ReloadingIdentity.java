package io.weightspan.server.tls;

import io.netty.handler.ssl.SslContext;
import java.io.Closeable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server's certificate and key, which tools that renew certificates replace while it runs.
 *
 * <p>The two files are compared with what they were, since the link that a mounted secret is has no time of its own to
 * look at. A pair that can't be used, such as one of which a single file has been written yet, leaves the one in use
 * where it is. Connections keep what they began with. Thread-safe.
 */
public final class ReloadingIdentity implements Supplier<SslContext>, Closeable {

    private static final Logger LOG = LoggerFactory.getLogger(ReloadingIdentity.class);

    private final Path chainPath;
    private final Path keyPath;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            task -> Thread.ofPlatform().daemon().name("weightspan-certificates").unstarted(task));

    private volatile SslContext context;

    // Written by check alone, which one thread runs at a time.
    private PemFile chain;
    private PemFile key;
    private String problem = "";

    private ReloadingIdentity(Path chainPath, Path keyPath) throws TlsException {
        this.chainPath = chainPath;
        this.keyPath = keyPath;
        this.chain = PemFile.read(chainPath);
        this.key = PemFile.read(keyPath);
        this.context = ServerIdentity.of(chain, key);
    }

    /**
     * Reads a certificate and its key.
     *
     * @param chain a PEM file of the server's certificate and those that lead to its issuer, in that order
     * @param key a PEM file of its private key, not encrypted
     * @throws TlsException if a file can't be read or used, or the two don't belong together
     */
    public static ReloadingIdentity read(Path chain, Path key) throws TlsException {
        return new ReloadingIdentity(chain, key);
    }

    /** Looks at the files again and again, from now until this is closed; to be called once. */
    @SuppressWarnings("FutureReturnValueIgnored") // what it runs lets nothing escape
    public void watch(Duration interval) {
        clock.scheduleWithFixedDelay(this::check, interval.toMillis(), interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Returns what a new connection's handshake is done with. */
    @Override
    public SslContext get() {
        return context;
    }

    /** Takes over a pair of files that has changed, or logs once why it can't be used. */
    synchronized void check() {
        try {
            PemFile newChain = PemFile.read(chainPath);
            PemFile newKey = PemFile.read(keyPath);
            if (Arrays.equals(newChain.bytes(), chain.bytes()) && Arrays.equals(newKey.bytes(), key.bytes())) {
                problem = "";
                return;
            }
            context = ServerIdentity.of(newChain, newKey);
            chain = newChain;
            key = newKey;
            problem = "";
            LOG.info("new connections get the certificate that {} holds now", chainPath);
        } catch (TlsException e) {
            String message = String.valueOf(e.getMessage());
            if (!message.equals(problem)) {
                problem = message;
                LOG.warn("the certificate in use stays, since the new one can't be used: {}", message);
            }
        } catch (RuntimeException e) {
            // An executor runs no task again that has thrown.
            LOG.error("a defect of the server while it looked at {}", chainPath, e);
        }
    }

    /** Stops looking at the files; what was read stays in use. */
    @Override
    public void close() {
        clock.shutdownNow();
    }
}
