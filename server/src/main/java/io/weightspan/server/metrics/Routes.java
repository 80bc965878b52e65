package io.weightspan.server.metrics;

import io.weightspan.server.http.RequestTarget;
import java.util.List;
import java.util.Set;

/** The route of a request: its path with placeholders for whatever a client may choose, so that there are few. */
final class Routes {

    static final String OTHER = "other";

    private static final Set<String> OF_MODEL = Set.of(
            "auth-check", "branch", "commit", "commits", "paths-info", "preupload", "refs", "revision", "settings",
            "tag", "tree", "xet-write-token");
    private static final Set<String> OF_HUB = Set.of("models", "repos", "validate-yaml", "whoami-v2");
    private static final Set<String> OF_RECORDS = Set.of("objects", "repos");
    private static final Set<String> OF_XET = Set.of("chunks", "shards", "xorbs");
    private static final Set<String> OF_LFS = Set.of("batch", "verify");
    private static final Set<String> SINGLE = Set.of("healthz", "readyz");

    private Routes() {}

    /** Returns the route of a target. */
    static String of(RequestTarget target) {
        List<String> path = target.segments();
        if (path.isEmpty()) {
            return "/";
        }
        if (path.getFirst().equals("api") && path.size() > 1) {
            return api(path);
        }
        if (path.size() == 1) {
            return SINGLE.contains(path.getFirst()) ? "/" + path.getFirst() : OTHER;
        }
        if (path.size() > 4 && path.get(2).equals("resolve")) {
            return "/{namespace}/{name}/resolve/{revision}/{path}";
        }
        if (path.size() == 6 && path.subList(2, 5).equals(List.of("info", "lfs", "objects"))) {
            String last = OF_LFS.contains(path.get(5)) ? path.get(5) : "{oid}";
            return "/{namespace}/{name}.git/info/lfs/objects/" + last;
        }
        return OTHER;
    }

    private static String api(List<String> path) {
        String what = path.get(1);
        if (what.equals("weightspan")) {
            return path.size() > 3 && OF_RECORDS.contains(path.get(3))
                    ? "/api/weightspan/v1/" + path.get(3)
                    : OTHER;
        }
        if (what.equals("xet")) {
            return path.size() > 6 && OF_XET.contains(path.get(6))
                    ? "/api/xet/{namespace}/{name}/{generation}/v1/" + path.get(6)
                    : OTHER;
        }
        if (what.equals("models") && path.size() > 3) {
            String model = "/api/models/{namespace}/{name}";
            if (path.size() == 4) {
                return model;
            }
            return OF_MODEL.contains(path.get(4)) ? model + "/" + path.get(4) : OTHER;
        }
        return OF_HUB.contains(what) ? "/api/" + what : OTHER;
    }
}
