package io.weightspan.server.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/**
 * A PEM file as it was at one moment. Immutable.
 *
 * @param path where it was read, for messages
 * @param bytes what it held, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared as a record, and copied nowhere
record PemFile(Path path, byte[] bytes) {

    /** Chains and keys have a few thousand bytes; whatever is larger is no such file. */
    private static final int MAX_BYTES = 1 << 20;

    /**
     * Reads a file.
     *
     * @throws TlsException if it is missing, unreadable or longer than a megabyte
     */
    static PemFile read(Path path) throws TlsException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(path)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw new TlsException(path, "there is no such file", e);
        } catch (IOException e) {
            throw new TlsException(path, "can't be read: " + e.getMessage(), e);
        }
        if (bytes.length > MAX_BYTES) {
            throw new TlsException(path, "is too large for a PEM file", null);
        }
        return new PemFile(path, bytes);
    }

    /**
     * Returns the certificates in order.
     *
     * @return at least one
     * @throws TlsException if there is none or one is damaged
     */
    List<X509Certificate> certificates() throws TlsException {
        List<X509Certificate> chain = new ArrayList<>();
        if (!new String(bytes, StandardCharsets.ISO_8859_1).contains("-----BEGIN CERTIFICATE-----")) {
            throw new TlsException(path, "holds no certificate; it should begin -----BEGIN CERTIFICATE-----", null);
        }
        try {
            CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(bytes))
                    .forEach(certificate -> chain.add((X509Certificate) certificate));
        } catch (CertificateException e) {
            throw new TlsException(path, "holds a damaged certificate: " + e.getMessage(), e);
        }
        if (chain.isEmpty()) {
            throw new TlsException(path, "holds a damaged certificate", null);
        }
        return chain;
    }

    /**
     * Returns the first private key.
     *
     * @throws TlsException if there is none, or it is damaged or encrypted
     */
    PrivateKey privateKey() throws TlsException {
        try (PEMParser parser = new PEMParser(new StringReader(new String(bytes, StandardCharsets.ISO_8859_1)))) {
            for (Object part = parser.readObject(); part != null; part = parser.readObject()) {
                switch (part) {
                    case PrivateKeyInfo key -> {
                        return new JcaPEMKeyConverter().getPrivateKey(key);
                    }
                    case PEMKeyPair pair -> {
                        return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
                    }
                    case PKCS8EncryptedPrivateKeyInfo _ -> throw encrypted();
                    case PEMEncryptedKeyPair _ -> throw encrypted();
                    default -> {
                        // Files of keys may hold the parameters of a curve, or certificates, before the key.
                    }
                }
            }
        } catch (TlsException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // The parser throws both at damaged bytes.
            throw new TlsException(path, "holds a damaged key: " + e.getMessage(), e);
        }
        throw new TlsException(path, "holds no private key; it should begin -----BEGIN PRIVATE KEY-----", null);
    }

    private TlsException encrypted() {
        return new TlsException(
                path, "the key is encrypted; write it without a password: openssl pkey -in FILE -out NEW", null);
    }
}
