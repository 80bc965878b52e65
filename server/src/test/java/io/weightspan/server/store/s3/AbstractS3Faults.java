package io.weightspan.server.store.s3;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.MultipartUpload;

/** A store in a bucket that is reached twice: as it is, and through a proxy that breaks calls. */
abstract class AbstractS3Faults {

    static final String KEY = "refs/a/b/heads/main";

    /** Beyond the tries that the SDK makes of one call. */
    static final int ALWAYS = 1000;

    private static S3Server server;
    private static S3Server.Properties properties;

    @TempDir
    Path folder;

    FaultProxy proxy;
    S3Location location;
    ObjectStore direct;
    ObjectStore store;

    @BeforeAll
    static void startServer(@TempDir Path data) throws Exception {
        server = S3Server.start(data);
        properties = server.use();
    }

    @AfterAll
    static void stopServer() throws Exception {
        properties.close();
        server.stop();
    }

    @BeforeEach
    void connect() throws Exception {
        location = new S3Location(server.newBucket(), "hub");
        proxy = new FaultProxy(server.endpoint());
        direct = S3ObjectStore.openOrCreate(location, S3Server.settings(folder, 0));
        store = throughProxy(S3Server.settings(folder, 0));
        assertThat(store.compareAndSet(KEY, null, "old")).isTrue();
    }

    @AfterEach
    void disconnect() throws Exception {
        store.close();
        direct.close();
        proxy.close();
    }

    static S3Server server() {
        return server;
    }

    /** Opens the store through the proxy; the caller closes it. */
    ObjectStore throughProxy(S3Settings settings) throws IOException {
        try (S3Server.Properties other = S3Server.use(proxy.endpoint())) {
            requireNonNull(other);
            return S3ObjectStore.open(location, settings);
        }
    }

    /** As {@link #throughProxy(S3Settings)}, with so little patience that every try may run out of it in a test. */
    ObjectStore impatient() throws IOException {
        S3Settings usual = S3Server.settings(folder, 0);
        return throughProxy(new S3Settings(
                usual.pathStyle(), usual.cache(), 0, usual.scratch(), Duration.ofMillis(300), usual.authorities(),
                usual.partBytes()));
    }

    /** Returns the uploads in parts of an object that were begun and neither completed nor thrown away. */
    List<MultipartUpload> unfinishedUploads(Digest object) throws IOException {
        String key = location.key(S3ObjectStore.name(object));
        try (S3Client client = server.client()) {
            // By the whole key: there are services that list those of one object only.
            return client.listMultipartUploads(list -> list.bucket(location.bucket()).prefix(key)).uploads();
        }
    }

    static Digest put(ObjectStore into, byte[] bytes) throws IOException {
        try (StoreSession session = into.openSession()) {
            return session.put(bytes).digest();
        }
    }

    static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}
