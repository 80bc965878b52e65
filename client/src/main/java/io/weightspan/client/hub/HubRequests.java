package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.hub.HttpTransport.Answer;
import io.weightspan.client.hub.HttpTransport.Sent;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a hub in JSON, and says of a refusal what the hub says. Thread-safe. */
final class HubRequests {

    /** The type of Git LFS. */
    static final String LFS = "application/vnd.git-lfs+json";

    static final String JSON = "application/json";

    /** Characters that are shown of what a hub says. */
    static final int MAX_SAID = 500;

    private static final int MAX_ANSWER = 32 << 20;
    private static final int MAX_DEPTH = 32;
    private static final int MAX_STRING = 1 << 16;
    private static final int CONFLICT = 409;
    private static final int PRECONDITION_FAILED = 412;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxStringLength(MAX_STRING)
                    .maxDocumentLength(MAX_ANSWER)
                    .build())
            .build())
            .build();

    private final Endpoint endpoint;
    private final HttpTransport transport;
    private final Repetition repetition;

    HubRequests(Endpoint endpoint, HttpTransport transport, Repetition repetition) {
        this.endpoint = requireNonNull(endpoint, "endpoint is null");
        this.transport = requireNonNull(transport, "transport is null");
        this.repetition = requireNonNull(repetition, "repetition is null");
    }

    /**
     * What was answered.
     *
     * @param json its body; a missing node where it has none
     * @param commit the commit that it is about; empty where it says none
     */
    record Reply(JsonNode json, String commit) {}

    /**
     * Posts JSON, again where that may help: what is asked for may be done twice.
     *
     * @param what it does, as it follows "cannot" in a message
     * @throws HubException if it is refused, or the answer is no JSON
     * @throws IOException if the server can't be reached
     */
    Reply post(URI target, String type, JsonNode body, String what) throws IOException {
        return post(target, Map.of("Content-Type", type, "Accept", type), body, what);
    }

    /**
     * Posts JSON with headers of its own, again where that may help.
     *
     * @throws HubException if it is refused, or the answer is no JSON
     * @throws IOException if the server can't be reached
     */
    Reply post(URI target, Map<String, String> headers, JsonNode body, String what) throws IOException {
        byte[] bytes = MAPPER.writeValueAsBytes(body);
        return repetition.run(what, attempt -> once(
                new Sent("POST", target, headers, BodyPublishers.ofByteArray(bytes), bytes.length), what));
    }

    /**
     * Sends a request once.
     *
     * @param what it does, as it follows "cannot" in a message
     * @throws HubException if it is refused for good, or the answer is no JSON
     * @throws Repetition.TransientException if it is refused for now
     * @throws IOException if the server can't be reached
     */
    Reply once(Sent sent, String what) throws IOException {
        try (Answer answer = transport.send(sent)) {
            if (!answer.isSuccess()) {
                throw refusal(answer, sent.target(), what);
            }
            byte[] body = answer.readAll(MAX_ANSWER);
            String commit = answer.header("X-Repo-Commit").orElse("");
            return new Reply(json(body), commit);
        }
    }

    /**
     * Sends a request that may not be done twice: again only where it was refused unread, or nobody was there. Where
     * the answer is lost, what was asked for may have been done.
     *
     * @param what it does, as it follows "cannot" in a message
     * @throws HubException if it is refused, or it is not known whether it was done
     * @throws IOException if this thread is interrupted
     */
    Reply unlessDone(Sent sent, String what) throws IOException {
        return repetition.run(what, attempt -> {
            try {
                return once(sent, what);
            } catch (HubException | InterruptedIOException | ConnectException e) {
                throw e;
            } catch (Repetition.TransientException e) {
                throw e.isUndone() ? e : mayBeDone(what, e);
            } catch (IOException e) {
                throw mayBeDone(what, e);
            }
        });
    }

    private HubException mayBeDone(String what, IOException failure) {
        return new HubException(HubException.Kind.SERVER_FAILED, endpoint + ": cannot " + what + ": "
                + Repetition.reason(failure) + "; push again, what was sent is not sent twice", failure);
    }

    private JsonNode json(byte[] body) throws HubException {
        try {
            return body.length == 0 ? MAPPER.missingNode() : MAPPER.readTree(body);
        } catch (JacksonException e) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    endpoint + " answers something other than JSON: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns what to say of an answer that is no success. */
    private IOException refusal(Answer answer, URI target, String what) {
        int status = answer.status();
        String said =
                answer.header("X-Error-Message").map(text -> ": " + RelativePath.shown(text, MAX_SAID)).orElse("");
        if (RetryPolicy.isTransient(status)) {
            return new Repetition.TransientException(status, "it answers " + status + said,
                    answer.header("Retry-After"));
        }
        String where = endpoint.isSameOrigin(target) ? endpoint.toString() : String.valueOf(target.getAuthority());
        String cannot = where + ": cannot " + what;
        String code = answer.header("X-Error-Code").orElse("");
        if (code.equals("RepoNotFound")) {
            return new HubException(HubException.Kind.REPO_NOT_FOUND, cannot + said);
        }
        if (code.equals("RevisionNotFound")) {
            return new HubException(HubException.Kind.REVISION_NOT_FOUND, cannot + said);
        }
        return switch (status) {
            case 401 -> new HubException(HubException.Kind.DENIED,
                    cannot + " without a valid token (--token, or the variable HF_TOKEN)" + said);
            case 403 -> new HubException(
                    HubException.Kind.DENIED, cannot + (said.isEmpty() ? " with this token" : said));
            case CONFLICT -> new HubException(HubException.Kind.EXISTS, cannot + said);
            case PRECONDITION_FAILED -> new HubException(HubException.Kind.CONFLICT,
                    cannot + ", as somebody else has changed the branch meanwhile; push again" + said);
            case 404, 405 -> new HubException(HubException.Kind.ENTRY_NOT_FOUND,
                    cannot + ": it does not know how (" + status + "); is it a hub?" + said);
            default -> new HubException(HubException.Kind.REFUSED, cannot + ": it answers " + status + said);
        };
    }
}
