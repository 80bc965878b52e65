package io.weightspan.client.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Speaks the native protocol over a real socket, and misbehaves when told to. */
public final class FaultServer implements AutoCloseable {

    /** The commit that every revision stands for. */
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, byte[]> objects = new ConcurrentHashMap<>();
    private final Map<String, String> manifests = new ConcurrentHashMap<>();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final CountDownLatch closing = new CountDownLatch(1);

    /** What a request carried. */
    public record Seen(String path, @Nullable String range, @Nullable String ifRange, @Nullable String token) {}

    /** Answers one request otherwise than it should be. */
    @FunctionalInterface
    public interface Fault {
        /** Answers. */
        void answer(HttpExchange exchange, byte[] body) throws IOException;
    }

    /** Starts on a free port of the loopback. */
    public FaultServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::handle);
        server.setExecutor(threads);
        server.start();
    }

    /** Returns the server's address. */
    public URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Returns the requests for objects so far. */
    public List<Seen> objectRequests() {
        return seen.stream().filter(request -> request.path.contains("/objects/")).toList();
    }

    /** Returns all requests so far. */
    public List<Seen> requests() {
        return List.copyOf(seen);
    }

    /** Answers the next request for an object in another way; in turn, where this is called again. */
    public void next(Fault fault) {
        faults.add(fault);
    }

    /** Stores an object and returns its digest. */
    public Digest object(byte[] bytes) {
        Digest digest = Digest.sha256(MemorySegment.ofArray(bytes));
        objects.put(digest.hex(), bytes.clone());
        return digest;
    }

    /** Serves this text as the manifest of a repo. */
    public void manifest(String repo, String json) {
        manifests.put(repo, json);
    }

    /** Serves a repo of plain files: path, content, path, content. */
    public void plainRepo(String repo, Object... pathsAndContents) {
        List<String> entries = new ArrayList<>();
        for (int i = 0; i < pathsAndContents.length; i += 2) {
            entries.add(plainFile((String) pathsAndContents[i], (byte[]) pathsAndContents[i + 1]));
        }
        manifest(repo, manifest(repo, entries));
    }

    /** Writes a manifest around entries. */
    public static String manifest(String repo, List<String> entries) {
        return "{\"repo\":\"" + repo + "\",\"revision\":\"" + COMMIT + "\",\"family\":\"fam\",\"files\":["
                + String.join(",", entries) + "]}";
    }

    private String plainFile(String path, byte[] bytes) {
        Digest digest = object(bytes);
        return "{\"path\":\"" + path + "\",\"size\":" + bytes.length + ",\"sha256\":\"" + digest.hex()
                + "\",\"object\":{\"kind\":\"plain\",\"sha256\":\"" + digest.hex() + "\",\"size\":"
                + bytes.length + "},\"dependencies\":[]}";
    }

    private void handle(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getRawPath();
        seen.add(new Seen(path, exchange.getRequestHeaders().getFirst("Range"),
                exchange.getRequestHeaders().getFirst("If-Range"),
                exchange.getRequestHeaders().getFirst("Authorization")));
        try (exchange) {
            if (path.contains("/objects/")) {
                byte @Nullable [] object = objects.get(path.substring(path.lastIndexOf('/') + 1));
                Fault fault = faults.poll();
                if (fault != null) {
                    fault.answer(exchange, object == null ? new byte[0] : object);
                } else if (object == null) {
                    error(exchange, 404, "EntryNotFound");
                } else {
                    object(exchange, object);
                }
                return;
            }
            String repo = path.replaceFirst(".*/repos/", "").replaceFirst("/revision/.*", "");
            String manifest = manifests.get(repo);
            if (manifest == null) {
                error(exchange, 404, "RepoNotFound");
            } else if (path.endsWith("/revision/absent")) {
                error(exchange, 404, "RevisionNotFound");
            } else {
                send(exchange, 200, manifest.getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private static void object(HttpExchange exchange, byte[] object) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        String etag = "\"" + Digest.sha256(MemorySegment.ofArray(object)).hex() + "\"";
        exchange.getResponseHeaders().set("ETag", etag);
        String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
        if (range == null || (ifRange != null && !ifRange.equals(etag))) {
            send(exchange, 200, object);
            return;
        }
        String[] ends = range.replaceFirst("bytes=", "").split("-", 2);
        int from = Integer.parseInt(ends[0]);
        int to = ends[1].isEmpty() ? object.length : Math.min(object.length, Integer.parseInt(ends[1]) + 1);
        if (from >= object.length) {
            error(exchange, 416, "");
            return;
        }
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + object.length);
        send(exchange, 206, Arrays.copyOfRange(object, from, to));
    }

    /** Answers with a body. */
    public static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Answers with an error of the protocol. */
    public static void error(HttpExchange exchange, int status, String code) throws IOException {
        exchange.getResponseHeaders().set("X-Error-Code", code);
        send(exchange, status, "{\"error\":\"no\"}".getBytes(StandardCharsets.UTF_8));
    }

    /** Breaks the connection after some bytes of the object, though the head promises all. */
    public static Fault truncate(int bytes) {
        return (exchange, body) -> {
            exchange.sendResponseHeaders(200, body.length);
            OutputStream out = exchange.getResponseBody();
            out.write(body, 0, bytes);
            out.flush();
        };
    }

    /** Fails with a status and, where one is given, a time to wait. */
    public static Fault status(int status, @Nullable String retryAfter) {
        return (exchange, body) -> {
            if (retryAfter != null) {
                exchange.getResponseHeaders().set("Retry-After", retryAfter);
            }
            error(exchange, status, "");
        };
    }

    /** Sends other bytes of the same number. */
    public static Fault wrongBytes() {
        return (exchange, body) -> {
            byte[] other = body.clone();
            other[other.length / 2] ^= 1;
            send(exchange, 200, other);
        };
    }

    /** Sends bytes without an end. */
    public static Fault endless() {
        return (exchange, body) -> {
            exchange.sendResponseHeaders(200, 0);
            OutputStream out = exchange.getResponseBody();
            byte[] chunk = new byte[1 << 16];
            try {
                while (true) {
                    out.write(chunk);
                }
            } catch (IOException theClientWent) {
                return;
            }
        };
    }

    /** Sends a little and then nothing, without an end. */
    public Fault stall() {
        return (exchange, body) -> {
            exchange.sendResponseHeaders(200, body.length);
            OutputStream out = exchange.getResponseBody();
            out.write(body, 0, 1);
            out.flush();
            try {
                closing.await();
            } catch (InterruptedException e) {
                throw new UncheckedIOException(new IOException(e));
            }
        };
    }

    /** Sends the client elsewhere. */
    public static Fault redirect(String location) {
        return (exchange, body) -> {
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(302, -1);
        };
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
