package io.weightspan.client.hub;

import io.weightspan.client.cache.CacheException;
import io.weightspan.client.cache.ObjectCache;
import io.weightspan.client.cache.PartialObject;
import io.weightspan.client.cache.WrongObjectException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.ErrorCode;
import io.weightspan.codec.family.Progress;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Gets objects and manifests from a server, again and again where that may help. Thread-safe. */
final class ObjectDownloader {

    private static final int OK = 200;
    private static final int PARTIAL = 206;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final int MAX_DIGITS = 19;

    /** Bytes after which failures are counted anew; fewer would let a hostile server keep us for ever. */
    private static final long ENOUGH_PROGRESS = 1 << 20;

    private static final Pattern CONTENT_RANGE = Pattern
            .compile("bytes ([0-9]{1," + MAX_DIGITS + "})-([0-9]{1," + MAX_DIGITS + "})/([0-9]{1," + MAX_DIGITS + "})");

    private final Endpoint endpoint;
    private final HttpTransport transport;
    /** Codes of errors that come back however often one asks: what the server has stored is bad (SP-ERR). */
    private static final Set<String> DAMAGED = Stream.concat(
            Stream.of("CorruptStore"), Arrays.stream(ErrorCode.values()).map(ErrorCode::name))
            .collect(Collectors.toUnmodifiableSet());

    private final Repetition repetition;
    private final ObjectCache cache;

    ObjectDownloader(Endpoint endpoint, HttpTransport transport, Repetition repetition, ObjectCache cache) {
        this.endpoint = endpoint;
        this.transport = transport;
        this.repetition = repetition;
        this.cache = cache;
    }

    /**
     * Gets the manifest of a repo.
     *
     * @throws HubException if the server has none, will not give it, or sends something else
     * @throws IOException if the server cannot be reached
     */
    Manifest manifest(RepoName name) throws IOException {
        URI address = endpoint.manifest(name);
        return repetition.run("get the manifest of " + name, attempt -> {
            try (HttpTransport.Answer answer = transport.get(address, Map.of("Accept", "application/json"))) {
                refuseFailure(answer, name.toString());
                byte[] body = answer.readAll(ManifestParser.MAX_BYTES);
                OptionalLong length = answer.contentLength();
                if (length.isPresent() && length.getAsLong() != body.length) {
                    throw new EOFException("the manifest ends early");
                }
                return ManifestParser.parse(body, name);
            }
        });
    }

    /**
     * Gets an object or its first part into the cache, if it is not there, and checks its SHA-256 on the way.
     *
     * @param bytes what the manifest says of it; no more are read
     * @param progress hears of bytes of this object that are at hand, each byte once
     * @throws HubException if the server has no such object or will not give it
     * @throws WrongObjectException if the server sends other bytes, twice
     * @throws CacheException if the cache cannot be written
     * @throws IOException if the server cannot be reached
     */
    void download(RemoteBytes bytes, Progress progress) throws IOException {
        Optional<PartialObject> begun = cache.begin(bytes.sha256(), bytes.size());
        if (begun.isEmpty()) {
            progress.advance(bytes.size());
            return;
        }
        try (PartialObject partial = begun.get()) {
            HighWater water = new HighWater(progress);
            water.reach(partial.length());
            try {
                complete(partial, bytes, water);
            } catch (WrongObjectException e) {
                // What an earlier attempt left may be the damaged part; a fresh copy settles it.
                partial.restart();
                complete(partial, bytes, water);
            }
        }
    }

    private void complete(PartialObject partial, RemoteBytes bytes, HighWater water) throws IOException {
        long[] before = {partial.length()};
        repetition.run("get object " + bytes.object().hex(), attempt -> {
            if (partial.length() - before[0] >= ENOUGH_PROGRESS) {
                attempt.progressed();
                before[0] = partial.length();
            }
            if (partial.length() < partial.size() || partial.size() == 0) {
                transfer(partial, bytes, water);
            }
            return partial.commit();
        });
    }

    private void transfer(PartialObject partial, RemoteBytes bytes, HighWater water) throws IOException {
        long from = partial.length();
        Digest object = bytes.object();
        String end = bytes.isWhole() ? "" : Long.toString(bytes.size() - 1);
        // The object's name is its validator: the protocol makes it the ETag.
        Map<String, String> headers = from == 0 && bytes.isWhole()
                ? Map.of()
                : Map.of("Range", "bytes=" + from + "-" + end, "If-Range", "\"" + object.hex() + "\"");
        try (HttpTransport.Answer answer = transport.get(endpoint.object(object), headers)) {
            if (answer.status() == RANGE_NOT_SATISFIABLE) {
                partial.restart();
                throw new EOFException("the server does not have the rest of the object");
            }
            refuseFailure(answer, "object " + object.hex());
            if (answer.status() == PARTIAL) {
                checkRange(answer, from, bytes);
            } else if (answer.status() == OK) {
                partial.restart();
            } else {
                throw new HubException(HubException.Kind.BAD_ANSWER, "the server answers " + answer.status());
            }
            refuseLength(answer, partial);
            for (ByteBuffer next = answer.body().next(); next != null; next = answer.body().next()) {
                partial.append(next);
                water.reach(partial.length());
            }
        }
    }

    private static void checkRange(HttpTransport.Answer answer, long from, RemoteBytes bytes) throws HubException {
        Matcher range = CONTENT_RANGE.matcher(answer.header("Content-Range").orElse(""));
        boolean asked = range.matches()
                && range.group(1).equals(Long.toString(from))
                && (bytes.isWhole()
                        ? from != 0 && range.group(3).equals(Long.toString(bytes.size()))
                        : range.group(2).equals(Long.toString(bytes.size() - 1)));
        if (!asked) {
            throw new HubException(HubException.Kind.BAD_ANSWER, "the server sends another range than asked");
        }
    }

    /** Refuses a body that says itself that it is too long, before any of it is read. */
    private static void refuseLength(HttpTransport.Answer answer, PartialObject partial) throws HubException {
        OptionalLong length = answer.contentLength();
        if (length.isPresent() && length.getAsLong() > partial.size() - partial.length()) {
            throw new HubException(HubException.Kind.BAD_ANSWER, "the server's object has " + length.getAsLong()
                    + " bytes, not the " + partial.size() + " that its manifest says");
        }
    }

    private void refuseFailure(HttpTransport.Answer answer, String what) throws IOException {
        if (answer.isSuccess()) {
            return;
        }
        int status = answer.status();
        String code = answer.header("X-Error-Code").orElse("");
        if (DAMAGED.contains(code)) {
            throw new HubException(HubException.Kind.DAMAGED, endpoint + " cannot give " + what + " (" + code + "): "
                    + RelativePath.shown(answer.header("X-Error-Message").orElse("it is damaged there")));
        }
        if (RetryPolicy.isTransient(status)) {
            throw new Repetition.TransientException(status, "the server answers " + status + " for " + what,
                    answer.header("Retry-After"));
        }
        throw switch (code) {
            case "RepoNotFound" -> new HubException(HubException.Kind.REPO_NOT_FOUND,
                    endpoint + " has no repo " + what + "; check the name and, if it is private, the token");
            case "RevisionNotFound" -> new HubException(HubException.Kind.REVISION_NOT_FOUND,
                    endpoint + " has no such revision: " + what);
            case "EntryNotFound", "ObjectNotFound" -> new HubException(HubException.Kind.ENTRY_NOT_FOUND,
                    endpoint + " does not have " + what);
            default -> switch (status) {
                case UNAUTHORIZED, FORBIDDEN -> new HubException(HubException.Kind.DENIED,
                        endpoint + " does not give " + what + " without a valid token");
                case NOT_FOUND -> new HubException(HubException.Kind.ENTRY_NOT_FOUND, endpoint + " does not know "
                        + what + "; is it a Weightspan server?");
                default -> new HubException(HubException.Kind.SERVER_FAILED,
                        endpoint + " answers " + status + " for " + what);
            };
        };
    }
}
