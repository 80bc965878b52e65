package io.weightspan.server.tls;

import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/** Makes of a chain and its key what handshakes are done with: TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1. */
final class ServerIdentity {

    private static final byte[] PROBE = "weightspan".getBytes(StandardCharsets.US_ASCII);

    private ServerIdentity() {}

    /**
     * Makes the context of handshakes.
     *
     * @param chain the chain's file, the server's own certificate first
     * @param key the file of that certificate's key
     * @throws TlsException if one of them can't be used or they don't belong together
     */
    static SslContext of(PemFile chain, PemFile key) throws TlsException {
        List<X509Certificate> certificates = chain.certificates();
        PrivateKey secret = key.privateKey();
        if (!belong(certificates.getFirst().getPublicKey(), secret, key)) {
            throw new TlsException(
                    key.path(), "isn't the key of the first certificate in " + chain.path(), null);
        }
        try {
            return SslContextBuilder.forServer(secret, certificates)
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    .applicationProtocolConfig(new ApplicationProtocolConfig(
                            Protocol.ALPN,
                            SelectorFailureBehavior.NO_ADVERTISE,
                            SelectedListenerFailureBehavior.ACCEPT,
                            ApplicationProtocolNames.HTTP_2,
                            ApplicationProtocolNames.HTTP_1_1))
                    .build();
        } catch (SSLException | IllegalArgumentException e) {
            throw new TlsException(chain.path(), "can't be used with " + key.path() + ": " + e.getMessage(), e);
        }
    }

    /** Tells whether what one key signs the other verifies. */
    private static boolean belong(PublicKey open, PrivateKey secret, PemFile key) throws TlsException {
        if (!open.getAlgorithm().equals(secret.getAlgorithm())) {
            return false;
        }
        String signature =
                switch (secret.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    case "EdDSA", "Ed25519", "Ed448" -> "EdDSA";
                    default -> throw new TlsException(
                            key.path(), "holds a key of a kind that TLS can't use: " + secret.getAlgorithm(), null);
                };
        try {
            Signature signer = Signature.getInstance(signature);
            signer.initSign(secret);
            signer.update(PROBE);
            byte[] signed = signer.sign();
            signer.initVerify(open);
            signer.update(PROBE);
            return signer.verify(signed);
        } catch (GeneralSecurityException e) {
            throw new TlsException(key.path(), "holds a key that can't sign: " + e.getMessage(), e);
        }
    }
}
