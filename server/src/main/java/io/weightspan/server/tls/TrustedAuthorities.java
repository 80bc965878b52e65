package io.weightspan.server.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** The certificates of a file, trusted in place of those of the machine. Stateless. */
public final class TrustedAuthorities {

    private TrustedAuthorities() {}

    /**
     * Reads a file and returns what trusts its certificates and no others.
     *
     * @param file certificates in PEM, of authorities or of servers themselves, a megabyte at most
     * @throws TlsException if the file can't be read, holds no certificate or a damaged one
     */
    public static TrustManager[] of(Path file) throws TlsException {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            int count = 0;
            for (X509Certificate certificate : PemFile.read(file).certificates()) {
                store.setCertificateEntry("trusted-" + count, certificate);
                count++;
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            return trust.getTrustManagers();
        } catch (TlsException e) {
            throw e;
        } catch (GeneralSecurityException | IOException e) {
            throw new TlsException(file, "holds a certificate that can't be used: " + e.getMessage(), e);
        }
    }
}
