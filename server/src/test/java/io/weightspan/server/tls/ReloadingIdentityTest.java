package io.weightspan.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.HttpLimits;
import io.weightspan.server.http.HttpServer;
import io.weightspan.server.http.Listen;
import io.weightspan.server.http.Response;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.util.io.pem.PemObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Certificates in files, shown to clients that shake hands in earnest. */
class ReloadingIdentityTest {

    private static final TestIdentity FIRST = TestIdentity.named("first");
    private static final TestIdentity SECOND = TestIdentity.named("second");

    @TempDir
    private Path folder;

    @Test
    void newConnectionsGetTheNewCertificate() throws Exception {
        ReloadingIdentity identity = read(FIRST);
        try (HttpServer server = start(identity);
                SSLSocket before = connect(server, FIRST, "TLSv1.3")) {
            assertThat(shown(before)).isEqualTo(FIRST.certificate());
            SECOND.writeCertificate(chain());
            identity.check();
            // Half of a pair: the old one stays.
            try (SSLSocket between = connect(server, FIRST, "TLSv1.2")) {
                assertThat(shown(between)).isEqualTo(FIRST.certificate());
            }
            SECOND.writeKey(key());
            identity.check();
            try (SSLSocket after = connect(server, SECOND, "TLSv1.3")) {
                assertThat(shown(after)).isEqualTo(SECOND.certificate());
            }
            // A connection keeps what it began with.
            before.getOutputStream().write("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(before.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 200 OK").endsWith("https://h\n");
        }
    }

    @Test
    void damagedFilesLeaveTheOldCertificate() throws Exception {
        ReloadingIdentity identity = read(FIRST);
        var before = identity.get();
        Files.writeString(key(), "-----BEGIN PRIVATE KEY-----\nMIG");
        identity.check();
        assertThat(identity.get()).isSameAs(before);
        Files.delete(key());
        identity.check();
        assertThat(identity.get()).isSameAs(before);
        FIRST.writeKey(key());
        identity.check();
        assertThat(identity.get()).isSameAs(before);
        identity.close();
    }

    @Test
    void oldProtocolsAreOff() throws Exception {
        ReloadingIdentity identity = read(FIRST);
        assertThat(identity.get().newEngine(ByteBufAllocator.DEFAULT).getEnabledProtocols())
                .containsExactlyInAnyOrder("TLSv1.2", "TLSv1.3");
        identity.close();
    }

    @Test
    void aClientWithoutTlsIsSentAway() throws Exception {
        try (HttpServer server = start(read(FIRST));
                Socket socket = new Socket(server.address().getAddress(), server.address().getPort())) {
            socket.getOutputStream().write("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
                    .doesNotContain("HTTP/1.1");
        }
    }

    @Test
    void aClientThatDoesNotTrustUsIsNoDefect() throws Exception {
        try (HttpServer server = start(read(FIRST))) {
            assertThatThrownBy(() -> connect(server, SECOND, "TLSv1.3").close())
                    .isInstanceOf(SSLHandshakeException.class);
            try (SSLSocket next = connect(server, FIRST, "TLSv1.3")) {
                assertThat(shown(next)).isEqualTo(FIRST.certificate());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "EC, 256, SHA256withECDSA",
        "RSA, 2048, SHA256withRSA",
        "Ed25519, 255, Ed25519",
    })
    void keysOfEachKindAreRead(String algorithm, int bits, String signature) throws IOException {
        TestIdentity made = TestIdentity.of("kind", algorithm, bits, signature);
        made.writeCertificate(chain());
        made.writeKey(key());
        ReloadingIdentity.read(chain(), key()).close();
        made.writeOldKey(key());
        ReloadingIdentity.read(chain(), key()).close();
    }

    @Test
    void whatCannotBeUsedIsNamed() throws Exception {
        assertRefused(chain() + ": there is no such file");
        Files.writeString(chain(), "hello");
        Files.writeString(key(), "hello");
        assertRefused(chain() + ": holds no certificate");
        FIRST.writeCertificate(chain());
        assertRefused(key() + ": holds no private key");
        SECOND.writeKey(key());
        assertRefused(key() + ": isn't the key of the first certificate in " + chain());
        TestIdentity.of("other", "RSA", 2048, "SHA256withRSA").writeKey(key());
        assertRefused(key() + ": isn't the key of the first certificate in " + chain());
        byte[] encrypted = new EncryptedPrivateKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2), new byte[32]).getEncoded();
        Files.writeString(key(), TestIdentity.pem(new PemObject("ENCRYPTED PRIVATE KEY", encrypted)));
        assertRefused(key() + ": the key is encrypted");
        FIRST.writeKey(key());
        Files.writeString(chain(), "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        assertRefused(chain() + ": holds a damaged certificate");
        Files.write(chain(), new byte[(1 << 20) + 1]);
        assertRefused(chain() + ": is too large");
    }

    private void assertRefused(String message) {
        assertThatThrownBy(() -> ReloadingIdentity.read(chain(), key()))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(message);
    }

    private ReloadingIdentity read(TestIdentity identity) throws IOException {
        return ReloadingIdentity.read(identity.writeCertificate(chain()), identity.writeKey(key()));
    }

    private Path chain() {
        return folder.resolve("chain.pem");
    }

    private Path key() {
        return folder.resolve("key.pem");
    }

    private static HttpServer start(ReloadingIdentity identity) throws IOException {
        return HttpServer.start(
                new Listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), identity),
                request -> Optional.of(Response.text(HttpResponseStatus.OK, request.baseUrl())),
                HttpLimits.DEFAULT);
    }

    private static SSLSocket connect(HttpServer server, TestIdentity trusted, String protocol) throws IOException {
        SSLSocket socket = (SSLSocket) trusted.trust().getSocketFactory()
                .createSocket(server.address().getAddress(), server.address().getPort());
        try {
            socket.setEnabledProtocols(new String[] {protocol});
            socket.startHandshake();
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private static Certificate shown(SSLSocket socket) throws IOException {
        return socket.getSession().getPeerCertificates()[0];
    }
}
