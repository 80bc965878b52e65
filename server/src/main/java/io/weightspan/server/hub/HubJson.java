package io.weightspan.server.hub;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.Response;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RepoSettings;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The Hub's JSON: names and forms are the Hub's, not ours. */
final class HubJson {

    private static final JsonMapper JSON = JsonMapper.shared();

    /** Clients parse this form alone: milliseconds and a Z. */
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private HubJson() {}

    /** Returns a new, empty object. */
    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    /** Returns a new, empty array. */
    static ArrayNode array() {
        return JSON.createArrayNode();
    }

    /** Returns an answer of JSON. */
    static Response answer(JsonNode json) {
        return Response.json(HttpResponseStatus.OK, JSON.writeValueAsBytes(json));
    }

    /** Returns a moment as clients parse it. */
    static String time(Instant time) {
        return TIME.format(time);
    }

    /**
     * Returns what a client is told about a repository.
     *
     * @param commit the commit that it is told about
     * @param first the first commit, for when the repository was made
     * @param settings who may see and read it
     * @param siblings whether the files are listed
     * @param blobs whether their sizes and ids are too
     */
    static ObjectNode model(
            Commit commit, Commit first, RepoSettings settings, boolean siblings, boolean blobs) {
        ObjectNode model = object();
        String id = commit.repo().toString();
        model.put("_id", first.id().substring(0, 24));
        model.put("id", id);
        model.put("modelId", id);
        model.put("author", commit.repo().namespace());
        model.put("sha", commit.id());
        model.put("createdAt", time(first.time()));
        model.put("lastModified", time(commit.time()));
        model.put("private", settings.isPrivate());
        gated(model, settings);
        model.put("disabled", false);
        model.put("downloads", 0);
        model.put("likes", 0);
        model.put("usedStorage", commit.size());
        ArrayNode tags = model.putArray("tags");
        tags(commit).forEach(tags::add);
        if (siblings) {
            ArrayNode files = model.putArray("siblings");
            for (CommitFile file : commit.files()) {
                ObjectNode sibling = files.addObject().put("rfilename", file.path());
                if (blobs) {
                    sibling.put("size", file.size()).put("blobId", LargeFiles.gitBlob(file));
                    if (LargeFiles.isLarge(file)) {
                        large(sibling, file).put("sha256", file.sha256().hex());
                    }
                }
            }
        }
        return model;
    }

    /** Says who may read the files: {@code false} for everybody who sees them. */
    static void gated(ObjectNode json, RepoSettings settings) {
        if (settings.gate() == RepoSettings.Gate.OPEN) {
            json.put("gated", false);
        } else {
            json.put("gated", settings.gate().name().toLowerCase(Locale.ROOT));
        }
    }

    /** Returns the tags of a repository: its family, and {@code safetensors} where it has such weights. */
    static SortedSet<String> tags(Commit commit) {
        SortedSet<String> tags = new TreeSet<>();
        if (!commit.family().isEmpty()) {
            tags.add("family:" + commit.family());
        }
        if (commit.files().stream().anyMatch(file -> file.path().endsWith(".safetensors"))) {
            tags.add("safetensors");
        }
        return tags;
    }

    /** Returns a file or folder of a listing. No {@code xetHash}: clients would skip HEAD and ask for a token. */
    static ObjectNode entry(FileTree.Entry entry, Optional<Commit> last) {
        ObjectNode node = object();
        CommitFile file = entry.file();
        node.put("type", file == null ? "directory" : "file");
        node.put("path", entry.path());
        node.put("oid", entry.id());
        node.put("size", file == null ? 0 : file.size());
        if (file != null && LargeFiles.isLarge(file)) {
            large(node, file).put("oid", file.sha256().hex());
        }
        last.ifPresent(commit -> node.putObject("lastCommit")
                .put("id", commit.id())
                .put("title", title(commit))
                .put("date", time(commit.time())));
        return node;
    }

    /** Returns a commit of a history. */
    static ObjectNode commit(Commit commit) {
        ObjectNode node = object();
        node.put("id", commit.id());
        node.put("title", title(commit));
        node.put("message", rest(commit));
        ArrayNode authors = node.putArray("authors");
        if (!commit.author().isEmpty()) {
            authors.addObject().put("user", commit.author());
        }
        node.put("date", time(commit.time()));
        return node;
    }

    private static ObjectNode large(ObjectNode node, CommitFile file) {
        return node.putObject("lfs").put("size", file.size()).put("pointerSize", LargeFiles.pointerSize(file));
    }

    private static String title(Commit commit) {
        return commit.message().lines().findFirst().orElse("");
    }

    private static String rest(Commit commit) {
        int end = commit.message().indexOf('\n');
        return end < 0 ? "" : commit.message().substring(end + 1).strip();
    }
}
