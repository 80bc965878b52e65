package io.weightspan.server.auth;

import io.weightspan.server.http.Request;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Knows whose token stands behind a request. Implementations are safe for several threads. */
@FunctionalInterface
public interface BearerNames {

    /**
     * Returns a token's name; empty where there is no token, or none that is good.
     *
     * @param request the request, which needn't come with the token itself
     * @throws IOException if what tells can't be read
     */
    Optional<String> of(Request request) throws IOException;

    /** Returns what asks several, and takes the first name. */
    static BearerNames firstOf(List<BearerNames> all) {
        List<BearerNames> asked = List.copyOf(all);
        return request -> {
            for (BearerNames names : asked) {
                Optional<String> name = names.of(request);
                if (name.isPresent()) {
                    return name;
                }
            }
            return Optional.empty();
        };
    }
}
