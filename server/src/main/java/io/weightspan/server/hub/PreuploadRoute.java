package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.gitignore.GitIgnore;
import io.weightspan.server.gitignore.TooMuchWorkException;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** W3: how each file is to be sent, whether at all, and what there is of it already. */
final class PreuploadRoute {

    private static final String GIT_IGNORE = ".gitignore";
    private static final String SHORTEN = "; upload a shorter one first";

    private final StoredFiles stored;
    private final Quotas quotas;

    PreuploadRoute(ObjectStore store, Quotas quotas) {
        this.stored = new StoredFiles(store);
        this.quotas = requireNonNull(quotas, "quotas is null");
    }

    /**
     * Answers a request.
     *
     * @param commit what the files would change
     * @throws HttpException 400 for a body or a {@code .gitignore} that can't be read, 403 where there is no room
     * @throws IOException if the store can't be read
     */
    Response answer(Request request, Commit commit) throws HttpException, IOException {
        request.require("POST");
        JsonNode body = JsonBody.of(request).json();
        Map<String, CommitFile> present = new HashMap<>();
        commit.files().forEach(file -> present.put(file.path(), file));
        GitIgnore ignored = ignored(body, present.get(GIT_IGNORE));
        ObjectNode json = HubJson.object();
        ArrayNode files = json.putArray("files");
        long added = 0;
        for (JsonNode wanted : body.path("files")) {
            String path = wanted.path("path").asString("");
            if (path.isEmpty()) {
                throw JsonBody.bad("a file lacks its 'path'");
            }
            long size = Math.max(0, wanted.path("size").asLong(0));
            CommitFile old = present.get(path);
            boolean isIgnored = ignores(ignored, path);
            files.add(file(path, size, old).put("shouldIgnore", isIgnored));
            if (!isIgnored && (old == null || old.size() != size)) {
                added = added > Long.MAX_VALUE - size ? Long.MAX_VALUE : added + size;
            }
        }
        // Where files are sent by Xet later on, clients don't show what a refusal says.
        quotas.requireRoom(commit.repo(), added);
        return HubJson.answer(json).with(HubErrors.COMMIT_HEADER, commit.id());
    }

    private static ObjectNode file(String path, long size, @Nullable CommitFile old) {
        boolean isLarge = LargeFiles.isLarge(path, size);
        ObjectNode file = HubJson.object().put("path", path).put("uploadMode", isLarge ? "lfs" : "regular");
        if (old != null) {
            // By this a client knows a file that has not changed; it compares what it is about to send.
            file.put("oid", isLarge ? old.sha256().hex() : old.gitOid());
        }
        return file;
    }

    /** Returns the rules that are about to be committed, or those that are there. */
    private GitIgnore ignored(JsonNode body, @Nullable CommitFile present) throws HttpException, IOException {
        JsonNode given = body.path("gitIgnore");
        if (given.isString()) {
            return rules(given.stringValue());
        }
        return rules(present == null ? "" : text(present));
    }

    private String text(CommitFile file) throws HttpException, IOException {
        if (file.size() > GitIgnore.MAX_BYTES) {
            throw tooLong();
        }
        return new String(stored.bytes(file), StandardCharsets.UTF_8);
    }

    private static GitIgnore rules(String text) throws HttpException {
        if (text.length() > GitIgnore.MAX_BYTES) {
            throw tooLong();
        }
        return GitIgnore.parse(text);
    }

    private static HttpException tooLong() {
        return JsonBody.bad(GIT_IGNORE + " has more than " + GitIgnore.MAX_BYTES + " bytes" + SHORTEN);
    }

    private static boolean ignores(GitIgnore rules, String path) throws HttpException {
        try {
            return rules.ignores(path);
        } catch (TooMuchWorkException e) {
            throw JsonBody.bad(e.getMessage() + SHORTEN).because(e);
        }
    }
}
