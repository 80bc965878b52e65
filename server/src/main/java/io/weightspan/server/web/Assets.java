package io.weightspan.server.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.Digest;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Representation;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * Style sheets, scripts and the icon, each at an address that holds its digest, so that browsers keep it for ever. No
 * repository can have that address: no namespace begins with a hyphen. Immutable.
 */
final class Assets {

    private static final String ROOT = "-";
    private static final String FOLDER = "assets";
    private static final int DIGITS = 16;
    private static final String LIBRARY = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
    private static final String SCRIPT = "text/javascript; charset=utf-8";
    private static final String STYLE = "text/css; charset=utf-8";

    private final Map<String, Asset> byName = new HashMap<>();

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Asset(String digest, String type, byte[] bytes) {}

    private Assets() {}

    /**
     * Reads the assets from the class path.
     *
     * @throws IOException if one isn't there
     */
    static Assets load() throws IOException {
        Assets assets = new Assets();
        String library = libraryFolder();
        assets.add("web.css", STYLE, "web.css");
        assets.add("web.js", SCRIPT, "web.js");
        assets.add("charts.js", SCRIPT, "charts.js");
        assets.add("icon.svg", "image/svg+xml", "icon.svg");
        assets.add("uPlot.js", SCRIPT, library + "dist/uPlot.iife.min.js");
        assets.add("uPlot.css", STYLE, library + "dist/uPlot.min.css");
        return assets;
    }

    /**
     * Returns the address of an asset.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    String link(String name) {
        Asset asset = byName.get(name);
        if (asset == null) {
            throw new IllegalArgumentException("no such asset: " + name);
        }
        return "/" + ROOT + "/" + FOLDER + "/" + asset.digest() + "/" + name;
    }

    /**
     * Answers a request for an asset.
     *
     * @return the answer; empty where the path is none of an asset
     * @throws HttpException 404 for an asset that there isn't, or that there is no longer in this form
     */
    Optional<Response> answer(Request request) throws HttpException {
        List<String> path = request.target().segments();
        if (path.isEmpty() || !path.getFirst().equals(ROOT)) {
            return Optional.empty();
        }
        request.requireRead();
        Asset asset = path.size() == 4 && path.get(1).equals(FOLDER) ? byName.get(path.get(3)) : null;
        if (asset == null || !asset.digest().equals(path.get(2))) {
            throw new HttpException(HttpResponseStatus.NOT_FOUND, "there is nothing at this path");
        }
        return Optional.of(Response.of(HttpResponseStatus.OK, new Body.Bytes(asset.bytes()))
                .with("Content-Type", asset.type())
                .with("Cache-Control", Representation.forEver(true))
                .with("X-Content-Type-Options", "nosniff")
                .with("Content-Security-Policy", "default-src 'none'"));
    }

    private void add(String name, String type, String resource) throws IOException {
        try (InputStream in = open(resource)) {
            byte[] bytes = in.readAllBytes();
            String digest = Digest.sha256(MemorySegment.ofArray(bytes)).hex().substring(0, DIGITS);
            byName.put(name, new Asset(digest, type, bytes));
        }
    }

    /** Returns where the chart library lies on the class path, which depends on its version. */
    private static String libraryFolder() throws IOException {
        Properties library = new Properties();
        try (InputStream in = open(LIBRARY)) {
            library.load(new InputStreamReader(in, UTF_8));
        }
        return "/META-INF/resources/webjars/uplot/" + library.getProperty("version") + "/";
    }

    private static InputStream open(String resource) throws IOException {
        InputStream in = Assets.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IOException("not on the class path: " + resource);
        }
        return in;
    }
}
