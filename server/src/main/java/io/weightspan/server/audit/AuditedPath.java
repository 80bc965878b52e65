package io.weightspan.server.audit;

import io.weightspan.server.http.Request;
import io.weightspan.server.http.RequestBody;
import io.weightspan.server.lfs.LfsHandler;
import io.weightspan.server.repo.RepoId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the path of a request tells an audit log: which repository it is about, and whether it may write at all. */
final class AuditedPath {

    private static final Set<String> QUESTIONS = Set.of("preupload", "paths-info");

    /** What changes no repository; clients of Xet tell how they fare, though nobody here listens. */
    private static final Set<List<String>> OUTSIDE = Set.of(
            List.of("api", "validate-yaml"), List.of("v1", "telemetry"), List.of("login"), List.of("logout"));

    private static final String GIT = ".git";

    private AuditedPath() {}

    /** Returns whether a request only asks, whatever its method. */
    static boolean isQuestion(Request request) {
        List<String> path = request.target().segments();
        if (request.isRead() || OUTSIDE.contains(path)) {
            return true;
        }
        if (path.size() >= 5 && path.subList(0, 2).equals(List.of("api", "models"))) {
            return QUESTIONS.contains(path.get(4));
        }
        return LfsHandler.isLfs(path)
                && (path.getLast().equals("verify")
                        || (path.getLast().equals("batch") && isDownload(request.body())));
    }

    /**
     * Returns the repository that a request is about, if it names one: in its path, or in the body by which one is
     * made, deleted or moved.
     *
     * @param caller whose namespace is meant where the body names none; null for somebody unknown
     */
    static Optional<RepoId> repository(Request request, @Nullable String caller) {
        List<String> path = request.target().segments();
        boolean isOfBody = path.size() == 3 && path.subList(0, 2).equals(List.of("api", "repos"));
        return isOfBody ? repository(request.body(), caller == null ? "" : caller) : repository(path);
    }

    private static Optional<RepoId> repository(RequestBody body, String caller) {
        if (!(body instanceof RequestBody.Whole whole)) {
            return Optional.empty();
        }
        JsonNode json;
        try {
            json = JsonMapper.shared().readTree(whole.bytes());
        } catch (JacksonException e) {
            // Such a request is refused.
            return Optional.empty();
        }
        String named = text(json, "fromRepo", text(json, "name", ""));
        String[] parts = named.split("/", -1);
        return parts.length == 2
                ? repository(parts[0], parts[1])
                : repository(text(json, "organization", caller), named);
    }

    private static String text(JsonNode json, String name, String missing) {
        JsonNode value = json.path(name);
        return value.isString() ? value.stringValue() : missing;
    }

    private static Optional<RepoId> repository(List<String> path) {
        if (path.size() >= 4 && path.getFirst().equals("api") && Set.of("models", "xet").contains(path.get(1))) {
            return repository(path.get(2), path.get(3));
        }
        if (LfsHandler.isLfs(path)) {
            String name = path.get(1);
            return repository(path.getFirst(), name.substring(0, name.length() - GIT.length()));
        }
        return Optional.empty();
    }

    private static Optional<RepoId> repository(String namespace, String name) {
        try {
            return Optional.of(new RepoId(namespace, name));
        } catch (IllegalArgumentException e) {
            // The path is logged as it came; there is no such repository.
            return Optional.empty();
        }
    }

    /** What isn't understood counts as a write. */
    private static boolean isDownload(RequestBody body) {
        if (!(body instanceof RequestBody.Whole whole)) {
            return false;
        }
        try {
            return "download"
                    .equals(JsonMapper.shared().readTree(whole.bytes()).path("operation").asString(""));
        } catch (JacksonException e) {
            return false;
        }
    }
}
