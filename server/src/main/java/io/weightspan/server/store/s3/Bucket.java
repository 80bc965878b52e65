package io.weightspan.server.store.s3;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.NotAStoreException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * The calls to a service that a store makes, on keys of its bucket. The SDK repeats calls by its standard policy;
 * where that does not help, a call fails with an {@link IOException} that says what to do. Thread-safe.
 */
final class Bucket implements Closeable {

    private static final String TYPE = "application/octet-stream";

    /** A small object, whole. */
    record Small(byte[] bytes, String etag, Map<String, String> metadata) {}

    /** An object as a listing has it. */
    record Listed(String key, long size) {}

    /** A part of a listing. */
    record Page(List<Listed> objects, @Nullable String next) {}

    /** What has become of a write on a condition. */
    enum Write {

        /** The condition held, and the object is written. */
        DONE,

        /** It was sent once, and the condition did not hold: nothing is written. */
        REFUSED,

        /** The condition did not hold when it was sent again; an earlier try without an answer may have written. */
        REFUSED_AT_LAST
    }

    private final S3Location location;
    private final S3Client client;
    private final boolean sendsSha256;

    private Bucket(S3Location location, S3Client client, boolean sendsSha256) {
        this.location = location;
        this.client = client;
        this.sendsSha256 = sendsSha256;
    }

    /**
     * Makes ready for calls; makes none.
     *
     * @throws IOException if a variable or profile can't be understood
     */
    static Bucket connect(S3Location location, S3Settings settings) throws IOException {
        try {
            return new Bucket(location, S3Clients.create(settings), S3Clients.sendsSha256());
        } catch (SdkException e) {
            throw S3Errors.explain("open " + location, location, e);
        } catch (IllegalArgumentException e) {
            throw new IOException("can't open " + location + ": " + e.getMessage(), e);
        }
    }

    /** Returns where the store is. */
    S3Location location() {
        return location;
    }

    /** Returns the store's address, which tells services and buckets apart. */
    String url() {
        return client.utilities().getUrl(url -> url.bucket(location.bucket()).key(location.below() + "/")).toString();
    }

    /** Returns the length of an object, or empty where there is none. */
    OptionalLong size(String name) throws IOException {
        String key = location.key(name);
        try {
            return OptionalLong.of(client.headObject(head -> head.bucket(location.bucket()).key(key)).contentLength());
        } catch (SdkException e) {
            if (S3Errors.is(e, S3Errors.NOT_FOUND)) {
                return OptionalLong.empty();
            }
            throw S3Errors.explain("look for " + name(key), location, e);
        }
    }

    /**
     * Reads a small object, or returns empty where there is none.
     *
     * @throws NotAStoreException if there is no such bucket
     * @throws IOException if the object is longer than {@code most} bytes, or can't be read
     */
    Optional<Small> small(String name, int most) throws IOException {
        String key = location.key(name);
        GetObjectRequest request = GetObjectRequest.builder().bucket(location.bucket()).key(key).build();
        try {
            @Nullable
            Small found = client.getObject(request, (GetObjectResponse response, AbortableInputStream body) -> {
                if (response.contentLength() > most) {
                    body.abort();
                    return null;
                }
                byte[] bytes = new byte[Math.toIntExact(response.contentLength())];
                fill(body, List.of(bytes));
                return new Small(bytes, response.eTag(), response.metadata());
            });
            if (found == null) {
                throw new IOException(name(key) + " is longer than " + most + " bytes");
            }
            return Optional.of(found);
        } catch (SdkException e) {
            if (S3Errors.code(e).equals("NoSuchBucket")) {
                throw new NotAStoreException("there is no bucket " + location.bucket() + " at this endpoint; make it"
                        + " first, or correct " + location + ", AWS_ENDPOINT_URL_S3 or AWS_REGION");
            }
            if (S3Errors.is(e, S3Errors.NOT_FOUND)) {
                return Optional.empty();
            }
            throw S3Errors.explain("read " + name(key), location, e);
        }
    }

    /**
     * Reads a range of an object into arrays, one after the other, with one call.
     *
     * @param size the object's length
     * @return whether the object is there
     * @throws IOException if it can't be read or has another length
     */
    boolean read(String name, long size, long offset, List<byte[]> into) throws IOException {
        String key = location.key(name);
        long length = into.stream().mapToLong(bytes -> bytes.length).sum();
        String range = "bytes=" + offset + "-" + (offset + length - 1);
        ResponseTransformer<GetObjectResponse, Boolean> fill = (response, body) -> {
            String given = String.valueOf(response.contentRange());
            if (!given.equals("bytes " + offset + "-" + (offset + length - 1) + "/" + size)) {
                body.abort();
                return false;
            }
            fill(body, into);
            return true;
        };
        try {
            if (!client.getObject(
                    GetObjectRequest.builder().bucket(location.bucket()).key(key).range(range).build(), fill)) {
                throw new IOException(name(key) + " is not of the " + size + " bytes that it had, or the service gives"
                        + " other bytes than those asked for");
            }
            return true;
        } catch (SdkException e) {
            if (S3Errors.is(e, S3Errors.NOT_FOUND)) {
                return false;
            }
            throw S3Errors.explain("read " + range.replace('=', ' ') + " of " + name(key), location, e);
        }
    }

    /** Deletes an object; one that isn't there is none. */
    void delete(String name) throws IOException {
        String key = location.key(name);
        call("delete " + name(key), () -> client.deleteObject(
                delete -> delete.bucket(location.bucket()).key(key)));
    }

    /** Writes an object, over what is there. */
    void put(String name, byte[] bytes) throws IOException {
        String key = location.key(name);
        call("write " + name(key), () -> client.putObject(
                checked(PutObjectRequest.builder().bucket(location.bucket()).key(key).contentType(TYPE), bytes).build(),
                body(bytes)));
    }

    /**
     * Writes an object if nothing has changed.
     *
     * @param etag what must be there now, or null if nothing may be
     * @return what became of it
     */
    Write putIf(String name, byte[] bytes, Map<String, String> metadata, @Nullable String etag) throws IOException {
        String key = location.key(name);
        PutObjectRequest.Builder request = checked(
                PutObjectRequest.builder().bucket(location.bucket()).key(key).contentType(TYPE).metadata(metadata),
                bytes);
        if (etag == null) {
            request.ifNoneMatch("*");
        } else {
            request.ifMatch(etag);
        }
        try {
            client.putObject(request.build(), body(bytes));
            return Write.DONE;
        } catch (SdkException e) {
            // 409: another write is on its way at this moment. 404: what had to be there is gone.
            if (S3Errors.is(e, S3Errors.PRECONDITION_FAILED)
                    || S3Errors.code(e).equals("ConditionalRequestConflict")
                    || (etag != null && S3Errors.code(e).equals("NoSuchKey"))) {
                return Objects.equals(e.numAttempts(), 1) ? Write.REFUSED : Write.REFUSED_AT_LAST;
            }
            throw S3Errors.explain("write " + name(key), location, e);
        }
    }

    /** Lists what is below a prefix, in ascending order of the keys' bytes; the keys are those in the store. */
    Page list(String prefix, int most, @Nullable String from) throws IOException {
        int skip = location.below().length();
        ListObjectsV2Response response = call("list " + location, () -> client.listObjectsV2(list -> {
            list.bucket(location.bucket()).prefix(location.below() + prefix).maxKeys(most);
            if (from != null) {
                list.continuationToken(from);
            }
        }));
        List<Listed> objects = response.contents().stream()
                .map(object -> new Listed(object.key().substring(skip), object.size()))
                .toList();
        return new Page(objects, response.isTruncated() ? response.nextContinuationToken() : null);
    }

    /** Begins to write an object in parts, and returns the upload's name. */
    String beginParts(String name) throws IOException {
        String key = location.key(name);
        return call("write " + name(key), () -> client.createMultipartUpload(upload -> {
            upload.bucket(location.bucket()).key(key).contentType(TYPE);
            if (sendsSha256) {
                upload.checksumAlgorithm(ChecksumAlgorithm.SHA256);
            }
        })).uploadId();
    }

    /** Writes a part, counted from 1. */
    CompletedPart putPart(String name, String upload, int number, byte[] bytes) throws IOException {
        String key = location.key(name);
        CompletedPart.Builder completed = CompletedPart.builder().partNumber(number);
        String etag = call("write part " + number + " of " + name(key), () -> client.uploadPart(part -> {
            part.bucket(location.bucket()).key(key).uploadId(upload).partNumber(number)
                    .contentLength((long) bytes.length);
            if (sendsSha256) {
                String checksum = base64(Digest.newHash().digest(bytes));
                completed.checksumSHA256(checksum);
                part.checksumSHA256(checksum);
            } else {
                part.contentMD5(md5(bytes));
            }
        }, body(bytes))).eTag();
        return completed.eTag(etag).build();
    }

    /** Makes an object of its parts. */
    void completeParts(String name, String upload, List<CompletedPart> parts) throws IOException {
        String key = location.key(name);
        call("write " + name(key), () -> client.completeMultipartUpload(complete -> complete
                .bucket(location.bucket()).key(key).uploadId(upload).multipartUpload(all -> all.parts(parts))));
    }

    /** Throws the parts of an upload away. */
    void abortParts(String name, String upload) throws IOException {
        String key = location.key(name);
        try {
            client.abortMultipartUpload(abort -> abort.bucket(location.bucket()).key(key).uploadId(upload));
        } catch (SdkException e) {
            if (!S3Errors.code(e).equals("NoSuchUpload")) {
                throw S3Errors.explain("throw away the parts of " + name(key), location, e);
            }
        }
    }

    @Override
    public void close() {
        client.close();
    }

    private <T> T call(String action, Supplier<T> call) throws IOException {
        try {
            return call.get();
        } catch (SdkException e) {
            throw S3Errors.explain(action, location, e);
        }
    }

    private PutObjectRequest.Builder checked(PutObjectRequest.Builder request, byte[] bytes) {
        request.contentLength((long) bytes.length);
        return sendsSha256
                ? request.checksumSHA256(base64(Digest.newHash().digest(bytes)))
                : request.contentMD5(md5(bytes));
    }

    private String name(String key) {
        return "s3://" + location.bucket() + "/" + key;
    }

    private static RequestBody body(byte[] bytes) {
        return RequestBody.fromContentProvider(ContentStreamProvider.fromByteArrayUnsafe(bytes), bytes.length, TYPE);
    }

    /** Fills arrays from a body; where it ends early or breaks, the SDK makes the call again. */
    private static void fill(AbortableInputStream body, List<byte[]> into) {
        try {
            for (byte[] bytes : into) {
                if (body.readNBytes(bytes, 0, bytes.length) < bytes.length) {
                    throw new EOFException("the answer ended early");
                }
            }
        } catch (IOException e) {
            body.abort();
            throw RetryableException.create("the answer could not be read to its end: " + e.getMessage(), e);
        }
    }

    private static String md5(byte[] bytes) {
        try {
            return base64(MessageDigest.getInstance("MD5").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has MD5", e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }
}
