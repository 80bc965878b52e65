package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.hub.HttpTransport.Sent;
import io.weightspan.codec.family.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Sends large files by Git LFS, each where the hub says. For one thread. */
final class LargeFiles {

    private static final int BATCH = 100;
    private static final int MAX_PORT = 65_535;

    /** Some hubs name these beside what they sign; the connection sets them itself. */
    private static final Set<String> OF_THE_CONNECTION =
            Set.of("connection", "content-length", "expect", "host", "transfer-encoding", "upgrade");

    private final Endpoint endpoint;
    private final HubRequests requests;
    private final Repetition repetition;

    LargeFiles(Endpoint endpoint, HubRequests requests, Repetition repetition) {
        this.endpoint = requireNonNull(endpoint, "endpoint is null");
        this.requests = requireNonNull(requests, "requests is null");
        this.repetition = requireNonNull(repetition, "repetition is null");
    }

    /**
     * A file that the hub wants.
     *
     * @param actions what it says is to be done
     */
    record Wanted(ReadFile file, JsonNode actions) {}

    /**
     * Asks which files the hub has not.
     *
     * @return those, each once
     * @throws HubException if it refuses one, or says what can't be done
     * @throws IOException if it can't be reached
     */
    List<Wanted> missing(RepoName target, List<ReadFile> files) throws IOException {
        List<ReadFile> different = new ArrayList<>(byOid(files).values());
        List<Wanted> wanted = new ArrayList<>();
        for (int from = 0; from < different.size(); from += BATCH) {
            List<ReadFile> some = different.subList(from, Math.min(different.size(), from + BATCH));
            Map<String, ReadFile> asked = byOid(some);
            JsonNode answer = requests.post(
                    endpoint.batch(target.repo()), HubRequests.LFS, batch(target, some), "send files").json();
            for (JsonNode object : answer.path("objects")) {
                ReadFile file = asked.get(object.path("oid").asString(""));
                if (file == null) {
                    throw bad("of a file that it was not asked for");
                }
                refuse(file, object.path("error"));
                if (object.path("actions").has("upload")) {
                    wanted.add(new Wanted(file, object.path("actions")));
                }
            }
        }
        return wanted;
    }

    private static Map<String, ReadFile> byOid(List<ReadFile> files) {
        Map<String, ReadFile> byOid = new LinkedHashMap<>();
        files.forEach(file -> byOid.put(file.sha256().hex(), file));
        return byOid;
    }

    private static ObjectNode batch(RepoName target, List<ReadFile> files) {
        ObjectNode batch = JsonMapper.shared().createObjectNode().put("operation", "upload").put("hash_algo", "sha256");
        batch.putArray("transfers").add("basic");
        batch.putObject("ref").put("name", target.revision());
        ArrayNode objects = batch.putArray("objects");
        for (ReadFile file : files) {
            name(objects.addObject(), file);
        }
        return batch;
    }

    private static ObjectNode name(ObjectNode object, ReadFile file) {
        return object.put("oid", file.sha256().hex()).put("size", file.found().size());
    }

    private void refuse(ReadFile file, JsonNode error) throws HubException {
        if (!error.isMissingNode()) {
            throw new HubException(HubException.Kind.REFUSED, endpoint + " does not take " + file.found().path() + ": "
                    + RelativePath.shown(error.path("message").asString("it does not say why"), HubRequests.MAX_SAID));
        }
    }

    /**
     * Sends a file.
     *
     * @param progress hears of its bytes, each once
     * @throws HubException if the hub refuses it, or the file has other bytes than when it was read
     * @throws IOException if the hub can't be reached
     */
    void send(Wanted wanted, Progress progress) throws IOException {
        ReadFile file = wanted.file();
        JsonNode upload = wanted.actions().path("upload");
        URI address = address(upload);
        Map<String, String> headers = headers(upload, "application/octet-stream");
        HighWater water = new HighWater(progress);
        String what = "send " + file.found().path();
        repetition.run(what, attempt -> {
            try {
                return requests.once(
                        new Sent("PUT", address, headers, body(file, water), file.found().size()), what);
            } catch (IOException e) {
                throw changed(e);
            }
        });
        JsonNode verify = wanted.actions().path("verify");
        if (!verify.isMissingNode()) {
            ObjectNode object = name(JsonMapper.shared().createObjectNode(), file);
            requests.post(address(verify), headers(verify, HubRequests.LFS), object, "verify " + file.found().path());
        }
    }

    /** The client of the JDK gives what reading the body throws as the cause of a failed connection. */
    private static IOException changed(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof HubException changed) {
                return changed;
            }
        }
        return failure;
    }

    private static BodyPublisher body(ReadFile file, HighWater water) {
        long size = file.found().size();
        if (size == 0) {
            return BodyPublishers.noBody();
        }
        BodyPublisher bytes = BodyPublishers.ofInputStream(() -> open(file, water));
        return BodyPublishers.fromPublisher(bytes, size);
    }

    private static InputStream open(ReadFile file, HighWater water) {
        long[] sent = {0};
        try {
            return file.open(count -> {
                sent[0] += count;
                water.reach(sent[0]);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private URI address(JsonNode action) throws HubException {
        URI address;
        try {
            address = URI.create(action.path("href").asString(""));
        } catch (IllegalArgumentException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER, endpoint + " sends files to no address", e);
        }
        // A store of objects may be elsewhere, but then nobody on the way is to read what may be private.
        if (address.getHost() == null || address.getPort() > MAX_PORT
                || !(endpoint.isSameOrigin(address) || "https".equalsIgnoreCase(address.getScheme()))) {
            throw bad("with an address that is refused: '" + RelativePath.shown(address.toString()) + "'");
        }
        return address;
    }

    private static Map<String, String> headers(JsonNode action, String type) {
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.put("Content-Type", type);
        action.path("header").properties().forEach(each -> headers.put(each.getKey(), each.getValue().asString("")));
        OF_THE_CONNECTION.forEach(headers::remove);
        return headers;
    }

    private HubException bad(String what) {
        return new HubException(HubException.Kind.BAD_ANSWER, endpoint + " answers " + what);
    }
}
