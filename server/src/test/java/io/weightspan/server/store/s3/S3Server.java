package io.weightspan.server.store.s3;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/** An S3 server for tests: one in this process, or any other that a test names. */
public final class S3Server {

    /** The access key and the secret key of every server of the tests. */
    static final String KEY = "weightspan";

    static final String SECRET = "weightspan-secret";

    private static final String REGION = "us-east-1";

    /** Ends a server that was started. */
    interface Stop {
        void stop() throws Exception;
    }

    private final URI endpoint;
    private final Stop stop;

    S3Server(URI endpoint, Stop stop) {
        this.endpoint = endpoint;
        this.stop = stop;
    }

    /**
     * Starts the server that a person has named (CONTRIBUTING.md, "An S3 server"), or one in this process.
     *
     * @param data an empty folder for what it stores
     */
    public static S3Server start(Path data) throws Exception {
        Optional<S3Server> named = FullServer.startNamed(data);
        return named.isPresent() ? named.get() : start();
    }

    /** Starts a server in this process that keeps objects in memory. */
    public static S3Server start() throws Exception {
        S3Proxy proxy = S3Proxy.builder()
                .blobStore(new Atomic(new TransientNio2BlobStore()))
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V4, KEY, SECRET)
                .ignoreUnknownHeaders(true)
                .build();
        proxy.start();
        return new S3Server(URI.create("http://127.0.0.1:" + proxy.getPort()), proxy::stop);
    }

    /** As {@link #start()}, with TLS. */
    static S3Server startSecure(Path keyStore, String password) throws Exception {
        S3Proxy proxy = S3Proxy.builder()
                .blobStore(new Atomic(new TransientNio2BlobStore()))
                .secureEndpoint(URI.create("https://127.0.0.1:0"))
                .keyStore(keyStore.toString(), password)
                .awsAuthentication(AuthenticationType.AWS_V4, KEY, SECRET)
                .ignoreUnknownHeaders(true)
                .build();
        proxy.start();
        return new S3Server(URI.create("https://127.0.0.1:" + proxy.getSecurePort()), proxy::stop);
    }

    URI endpoint() {
        return endpoint;
    }

    /** Makes a bucket of a new name and returns the name. */
    public String newBucket() {
        String bucket = "b-" + UUID.randomUUID();
        try (S3Client client = client()) {
            client.createBucket(create -> create.bucket(bucket));
        }
        return bucket;
    }

    /** Returns the keys in a bucket, in order. */
    public List<String> keys(String bucket) {
        try (S3Client client = client()) {
            return client.listObjectsV2Paginator(list -> list.bucket(bucket)).contents().stream()
                    .map(S3Object::key)
                    .toList();
        }
    }

    /** Returns a client that the caller closes, for looking past the store. */
    S3Client client() {
        return S3Client.builder()
                .endpointOverride(endpoint)
                .forcePathStyle(true)
                .region(Region.of(REGION))
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(KEY, SECRET)))
                .build();
    }

    /** Sets the system properties by which every store in a bucket finds a server, until the result is closed. */
    public static Properties use(URI endpoint) {
        return new Properties(Map.of(
                "aws.endpointUrlS3", endpoint.toString(),
                "aws.accessKeyId", KEY,
                "aws.secretAccessKey", SECRET,
                "aws.region", REGION,
                "aws.disableEc2Metadata", "true"));
    }

    /** As {@link #use(URI)}, of this server. */
    public Properties use() {
        return use(endpoint);
    }

    /** As {@link #use()}, with caches and scratch files in a folder, for stores that are opened by their names. */
    public Properties use(Path folder) {
        return new Properties(Map.of(
                "aws.endpointUrlS3", endpoint.toString(),
                "aws.accessKeyId", KEY,
                "aws.secretAccessKey", SECRET,
                "aws.region", REGION,
                "aws.disableEc2Metadata", "true",
                "weightspan.cache.dir", folder.resolve("cache").toString(),
                "weightspan.scratch.dir", folder.resolve("scratch").toString()));
    }

    /** Returns settings for tests: short patience, small parts, caches in a folder. */
    static S3Settings settings(Path folder, long cacheBytes) {
        return new S3Settings(
                Optional.empty(),
                folder.resolve("cache"),
                cacheBytes,
                Optional.of(folder.resolve("scratch")),
                Duration.ofSeconds(2),
                Optional.empty(),
                5 << 20);
    }

    /** Ends the server. */
    public void stop() throws Exception {
        stop.stop();
    }

    /** System properties that are put back on closing. */
    public static final class Properties implements AutoCloseable {

        private final Map<String, Optional<String>> before = new HashMap<>();

        Properties(Map<String, String> set) {
            set.forEach((name, value) -> before.put(name, Optional.ofNullable(System.setProperty(name, value))));
        }

        @Override
        public void close() {
            before.forEach((name, value) -> value.ifPresentOrElse(
                    old -> System.setProperty(name, old), () -> System.clearProperty(name)));
        }
    }

    /** Does one thing after the other, as S3 seems to; the store beneath can mix the old and the new of an object. */
    private static final class Atomic extends ForwardingBlobStore {

        Atomic(BlobStore store) {
            super(store);
        }

        @Override
        public synchronized PutObjectResponse putBlob(PutObjectRequest request, InputStream body) {
            if (request.ifMatch() != null || request.ifNoneMatch() != null) {
                boolean isThere = blobExists(request.bucket(), request.key());
                String etag = isThere
                        ? blobMetadata(HeadObjectRequest.builder()
                                .bucket(request.bucket()).key(request.key()).build()).eTag()
                        : "";
                if (request.ifMatch() == null ? isThere : !bare(request.ifMatch()).equals(bare(etag))) {
                    throw S3Exceptions.preconditionFailed(null);
                }
            }
            return super.putBlob(request, body);
        }

        @Override
        public synchronized ResponseInputStream<GetObjectResponse> getBlob(GetObjectRequest request) {
            return super.getBlob(request);
        }

        private static String bare(String etag) {
            return etag.replace("\"", "");
        }
    }
}
