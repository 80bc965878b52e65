package io.weightspan.server.tls;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * A certificate for 127.0.0.1 and localhost that signs itself, made for a test, and its key.
 *
 * @param certificate the certificate
 * @param key its key
 */
public record TestIdentity(X509Certificate certificate, PrivateKey key) {

    /** Makes a certificate of a name with a key of 256 bits on an elliptic curve. */
    public static TestIdentity named(String name) {
        return of(name, "EC", 256, "SHA256withECDSA");
    }

    /** Makes a certificate with a key of the given kind. */
    static TestIdentity of(String name, String algorithm, int bits, String signature) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            generator.initialize(bits);
            KeyPair pair = generator.generateKeyPair();
            X500Name subject = new X500Name("CN=" + name);
            Instant now = Instant.now();
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    subject, BigInteger.ONE, Date.from(now.minus(Duration.ofHours(1))),
                    Date.from(now.plus(Duration.ofDays(1))), subject, pair.getPublic());
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(new GeneralName[] {
                new GeneralName(GeneralName.dNSName, "localhost"), new GeneralName(GeneralName.iPAddress, "127.0.0.1")
            }));
            return new TestIdentity(
                    new JcaX509CertificateConverter().getCertificate(
                            builder.build(new JcaContentSignerBuilder(signature).build(pair.getPrivate()))),
                    pair.getPrivate());
        } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Writes the certificate as PEM. */
    public Path writeCertificate(Path file) throws IOException {
        return Files.writeString(file, pem(certificate));
    }

    /** Writes the key as PKCS #8 in PEM. */
    public Path writeKey(Path file) throws IOException {
        return Files.writeString(file, pem(new JcaPKCS8Generator(key, null)));
    }

    /** Writes the key in the form that its kind had before PKCS #8. */
    Path writeOldKey(Path file) throws IOException {
        if (key instanceof java.security.interfaces.ECPrivateKey onCurve) {
            // As OpenSSL writes it: with the curve in it, which the JDK's encoding leaves out.
            ECPrivateKey whole = new ECPrivateKey(256, onCurve.getS(), SECObjectIdentifiers.secp256r1);
            return Files.writeString(file, pem(new PemObject("EC PRIVATE KEY", whole.getEncoded())));
        }
        return Files.writeString(file, pem(key));
    }

    /** Returns what trusts this certificate alone. */
    public SSLContext trust() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setCertificateEntry("ca", certificate);
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    static String pem(Object part) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(part);
        }
        return text.toString();
    }
}
