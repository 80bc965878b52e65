package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.server.store.NotAStoreException;
import io.weightspan.server.tls.TestIdentity;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A service whose certificate is of an authority of its own. */
class S3AuthoritiesTest {

    private static final String PASSWORD = "secret";

    @TempDir
    Path folder;

    private final TestIdentity identity = TestIdentity.named("localhost");
    private S3Server server;
    private S3Server.Properties properties;

    @BeforeEach
    void startServer() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("own", identity.key(), PASSWORD.toCharArray(),
                new X509Certificate[] {identity.certificate()});
        Path file = folder.resolve("keys.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD.toCharArray());
        }
        server = S3Server.startSecure(file, PASSWORD);
        properties = server.use(folder);
    }

    @AfterEach
    void stopServer() throws Exception {
        properties.close();
        server.stop();
    }

    private static void open(Path bundle) throws IOException {
        try (S3Server.Properties told = new S3Server.Properties(Map.of("aws.ca.bundle", bundle.toString()))) {
            requireNonNull(told);
            new S3StoreProvider().open("s3://no-such-bucket/hub").close();
        }
    }

    @Test
    void authoritiesThatAreNamedAreTrustedAndNoOthers() throws IOException {
        Path own = identity.writeCertificate(folder.resolve("own.pem"));
        // The answer of the service itself, so the connection is trusted.
        assertThatThrownBy(() -> open(own))
                .isInstanceOf(NotAStoreException.class)
                .hasMessageContaining("there is no bucket no-such-bucket");
        Path other = TestIdentity.named("other").writeCertificate(folder.resolve("other.pem"));
        assertThatThrownBy(() -> open(other))
                .isExactlyInstanceOf(IOException.class)
                .hasMessageContaining("no safe connection")
                .hasMessageContaining("AWS_CA_BUNDLE");
        assertThatThrownBy(() -> new S3StoreProvider().open("s3://no-such-bucket/hub"))
                .hasMessageContaining("no safe connection");
        Path both = Files.writeString(folder.resolve("both.pem"),
                "# other\n" + Files.readString(other) + "\n# own\n" + Files.readString(own));
        assertThatThrownBy(() -> open(both)).isInstanceOf(NotAStoreException.class);
    }

    @Test
    void filesThatHoldNoCertificateAreNamed() throws IOException {
        Path none = folder.resolve("none.pem");
        assertThatThrownBy(() -> open(none))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("AWS_CA_BUNDLE")
                .hasMessageContaining(none + ": there is no such file");
        Path empty = Files.writeString(folder.resolve("empty.pem"), "\n");
        assertThatThrownBy(() -> open(empty)).isInstanceOf(IOException.class)
                .hasMessageContaining(empty + ": holds no certificate");
    }
}
