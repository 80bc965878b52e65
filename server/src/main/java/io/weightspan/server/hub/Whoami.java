package io.weightspan.server.hub;

import io.weightspan.server.auth.AccessToken;
import io.weightspan.server.auth.Caller;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.Role;
import io.weightspan.server.auth.Scope;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.http.Response;
import java.io.IOException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** R6: who asks, as {@code hf auth login} wants to know. */
final class Whoami {

    private Whoami() {}

    /**
     * Answers.
     *
     * @throws HttpException 401 for somebody unknown
     * @throws IOException if what tells who asks can't be read
     */
    static Response answer(Request request, Guard guard) throws HttpException, IOException {
        request.requireRead();
        Caller caller = guard.identify(request);
        AccessToken token = caller.token().orElseThrow(() -> Guard.unknown("log in with a token"));
        ObjectNode json = HubJson.object()
                .put("type", "user")
                .put("id", token.user())
                .put("name", token.user())
                .put("fullname", token.user());
        ArrayNode orgs = json.putArray("orgs");
        for (Scope scope : token.scopes()) {
            if (!scope.equals(Scope.ALL) && scope.text().indexOf('/') < 0 && !scope.text().equals(token.user())) {
                orgs.addObject().put("type", "org").put("name", scope.text());
            }
        }
        ObjectNode auth = json.putObject("auth").put("type", "access_token");
        auth.putObject("accessToken")
                .put("displayName", token.name())
                // Clients know two roles; an administrator's token writes.
                .put("role", token.role() == Role.READ ? "read" : "write");
        return HubJson.answer(json).with("Cache-Control", "no-store");
    }
}
