package io.weightspan.server.lfs;

import static java.util.Objects.requireNonNull;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestTarget;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.repo.WrongContentException;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The Hub's own transfer of a large object, in parts, of which one that fails is sent again without the others.
 *
 * <p>A part is an object of the store under its SHA-256, and garbage as soon as the whole is there. Nothing else is
 * remembered of it: its {@code ETag}, which the client gives back when it has sent all, is its SHA-256 and a signature
 * that says of what it is which part. So any server of the store may get the next request, and who knows a SHA-256
 * gets at nobody's bytes by it. Thread-safe.
 */
final class Multipart {

    /** An object of fewer bytes comes whole. */
    private static final long LARGE = 1L << 30;

    private static final long PART = 1L << 28;
    private static final long MAX_PARTS = 1000;
    private static final Duration VALID = Duration.ofDays(1);
    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,17}");
    private static final Pattern ETAG = Pattern.compile("\"?([0-9a-f]{64})-([0-9]{1,12})-([0-9a-f]{64})\"?");

    private final ObjectStore store;
    private final Uploads uploads;
    private final HrefSigner signer;
    private final SignedHrefs hrefs;
    private final long large;
    private final long leastPart;

    /**
     * Takes parts of 256 MiB of objects from 1 GiB on, larger ones where they would be more than 1,000.
     *
     * @param repositories the repositories that are written
     * @param signer signs addresses and parts
     */
    Multipart(Repositories repositories, HrefSigner signer) {
        this(repositories, signer, LARGE, PART);
    }

    Multipart(Repositories repositories, HrefSigner signer, long large, long leastPart) {
        this.store = requireNonNull(repositories, "repositories is null").store();
        this.uploads = new Uploads(repositories);
        this.signer = requireNonNull(signer, "signer is null");
        this.hrefs = new SignedHrefs(signer);
        this.large = large;
        this.leastPart = leastPart;
    }

    /** Returns whether an object is to come in parts, if the client can send them. */
    boolean isLarge(long size) {
        return size >= large;
    }

    /** Returns how many parts an object comes in: 1 where it comes whole. */
    long count(long size) {
        return isLarge(size) ? cut(size).count() : 1;
    }

    /** How an object is cut. */
    private record Cut(long size, long part) {

        long count() {
            return Math.ceilDiv(size, part);
        }

        long length(long number) {
            return Math.min(part, size - (number - 1) * part);
        }
    }

    private Cut cut(long size) {
        return new Cut(size, Math.max(leastPart, Math.ceilDiv(size, MAX_PARTS)));
    }

    /**
     * Says where an object's parts go, and where it is told that all are there.
     *
     * @param upload the action's node
     * @param address of the object
     * @param bearer the name of the sender's token
     * @throws IOException if the store can't be read or written
     */
    void describe(ObjectNode upload, String address, String bearer, long size) throws IOException {
        Instant until = Instant.now().plus(VALID);
        Cut cut = cut(size);
        upload.put("href", hrefs.sign(new SignedHrefs.Purpose("POST", address, bearer, until), "size=" + size));
        SignedHrefs.Purpose part = new SignedHrefs.Purpose("PUT", address, bearer, until);
        ObjectNode header = upload.putObject("header").put("chunk_size", Long.toString(cut.part()));
        for (long number = 1; number <= cut.count(); number++) {
            header.put(
                    Long.toString(number), hrefs.sign(part, "part=" + number, "size=" + cut.length(number)));
        }
        upload.put("expires_in", VALID.toSeconds());
    }

    /** Returns whether a request sends a part. */
    static boolean isPart(RequestTarget target) {
        return !target.parameter("part", "").isEmpty();
    }

    /**
     * Keeps a part that comes to a signed address.
     *
     * @throws HttpException 422 where other bytes come than were announced
     * @throws IOException if it can't be read, or the store can't be written
     */
    Response part(Request request, RepoId repo, String oid) throws HttpException, IOException {
        RequestTarget target = request.target();
        long number = number(target.parameter("part", ""));
        long size = number(target.parameter("size", ""));
        Digest sha256;
        try (StoreSession session = store.openSession();
                InputStream body = request.body().open()) {
            sha256 = uploads.receive(session, body, size).sha256();
        } catch (WrongContentException e) {
            throw BatchRoute.unprocessable("part " + number + ": " + e.getMessage()).because(e);
        }
        HrefSigner.Signature signed = signer.sign(
                arrived(sha256.hex(), repo, oid, number, size), Instant.now().plus(VALID));
        return Response.json(HttpResponseStatus.OK, new byte[] {'{', '}'})
                .with(HttpHeaderNames.ETAG.toString(),
                        "\"" + sha256.hex() + "-" + signed.expires() + "-" + signed.hex() + "\"");
    }

    /**
     * Finds the parts of an object that a client has sent all of.
     *
     * @param size the object's bytes
     * @param body what the client says of its parts
     * @return the parts, in order
     * @throws HttpException 422 where they aren't all, or one was not sent so
     * @throws IOException if the store can't be read or written
     */
    List<Digest> parts(RepoId repo, String oid, long size, JsonNode body) throws HttpException, IOException {
        Cut cut = cut(size);
        JsonNode list = body.path("parts");
        if (!body.path("oid").asString("").equals(oid) || !list.isArray() || list.size() != cut.count()) {
            throw BatchRoute.unprocessable(
                    "the body must have the object's 'oid' and all of its " + cut.count() + " 'parts'");
        }
        List<Digest> parts = new ArrayList<>();
        for (JsonNode part : list) {
            long number = parts.size() + 1L;
            Matcher etag = ETAG.matcher(part.path("etag").asString(""));
            if (part.path("partNumber").asLong(-1) != number || !etag.matches()
                    || !signer.allows(arrived(etag.group(1), repo, oid, number, cut.length(number)),
                            etag.group(2), etag.group(3))) {
                throw BatchRoute.unprocessable("part " + number + " is missing, or its 'etag' is not the one that this"
                        + " server answered; send it again");
            }
            parts.add(Digest.of(etag.group(1)));
        }
        return parts;
    }

    /**
     * Opens an object whose parts have arrived.
     *
     * @throws HttpException 422 where a part is there no more
     * @throws IOException if the store can't be read or written
     */
    InputStream open(StoreSession session, List<Digest> parts) throws HttpException, IOException {
        for (int i = 0; i < parts.size(); i++) {
            if (!session.keep(parts.get(i))) {
                throw BatchRoute.unprocessable("part " + (i + 1) + " was sent too long ago; send the object again");
            }
        }
        return new PartsStream(store, parts);
    }

    /** What an {@code ETag} is signed for. */
    private static String arrived(String sha256, RepoId repo, String oid, long number, long size) {
        return String.join("\n", "lfs arrived", sha256, repo.toString(), oid, number + " " + size);
    }

    private static long number(String text) throws HttpException {
        if (!NUMBER.matcher(text).matches()) {
            throw BatchRoute.unprocessable("'" + text + "' is no number of a part or of its bytes");
        }
        return Long.parseLong(text);
    }
}
