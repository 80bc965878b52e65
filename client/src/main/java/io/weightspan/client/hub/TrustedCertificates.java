package io.weightspan.client.hub;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** The certificates of a file, trusted in place of those of the machine. */
final class TrustedCertificates {

    private TrustedCertificates() {}

    /**
     * Reads a file and returns what trusts its certificates and no others.
     *
     * @param file certificates in PEM, of authorities or of servers themselves
     * @throws HubException of kind {@link HubException.Kind#UNTRUSTED} if the file holds no certificate, or a damaged
     *     one
     * @throws IOException if the file can't be read
     */
    static SSLContext of(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (certificates.isEmpty()) {
                throw new HubException(HubException.Kind.UNTRUSTED, file + ": holds no certificate");
            }
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            int count = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("trusted-" + count, certificate);
                count++;
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (CertificateException e) {
            throw new HubException(HubException.Kind.UNTRUSTED, file + ": holds a damaged certificate", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has PKCS #12 and TLS", e);
        }
    }
}
