package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.hub.HttpTransport.Sent;
import io.weightspan.client.hub.PushResult.Outcome;
import io.weightspan.codec.family.Progress;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Sends files to a branch by one commit, with the Hub's own requests. For one thread, and one push. */
final class RepoPush {

    private static final int PREUPLOAD = 256;

    private final Endpoint endpoint;
    private final HubRequests requests;
    private final LargeFiles largeFiles;
    private final PushRequest push;
    private final Map<ReadFile, Outcome> outcomes = new HashMap<>();
    private final List<ReadFile> within = new ArrayList<>();
    private final List<ReadFile> large = new ArrayList<>();
    private String parent = "";
    private boolean isNewRepo;

    RepoPush(Endpoint endpoint, HubRequests requests, LargeFiles largeFiles, PushRequest push) {
        this.endpoint = requireNonNull(endpoint, "endpoint is null");
        this.requests = requireNonNull(requests, "requests is null");
        this.largeFiles = requireNonNull(largeFiles, "largeFiles is null");
        this.push = requireNonNull(push, "push is null");
    }

    PushResult run(PushListener listener) throws IOException {
        List<ReadFile> files = read(listener.reads(push.files().bytes()));
        if (push.isDryRun()) {
            foresee(files);
            return result(files, "");
        }
        prepare();
        ask(push.target(), files);
        if (within.isEmpty() && large.isEmpty()) {
            return result(files, parent);
        }
        List<LargeFiles.Wanted> wanted = largeFiles.missing(push.target(), large);
        noteNamed(wanted);
        Progress progress = listener.sends(within.size() + wanted.size(), bytes(within) + wanted.stream()
                .mapToLong(each -> each.file().found().size())
                .sum());
        for (LargeFiles.Wanted each : wanted) {
            largeFiles.send(each, progress);
        }
        return result(files, commit(progress));
    }

    private List<ReadFile> read(Progress progress) throws IOException {
        List<ReadFile> files = new ArrayList<>();
        for (LocalFiles.Found found : push.files().files()) {
            files.add(ReadFile.of(found, progress));
        }
        return files;
    }

    /** Makes the repo and the branch, where they are not there. */
    private void prepare() throws IOException {
        String[] names = push.target().repo().split("/", -1);
        ObjectNode create = JsonMapper.shared().createObjectNode();
        create.put("type", "model").put("organization", names[0]).put("name", names[1]).put("private",
                push.isPrivate());
        isNewRepo = make(endpoint.create(), create, "make repo " + push.target().repo());
        if (!push.target().revision().equals(RepoName.MAIN)) {
            make(endpoint.change("branch", push.target()), JsonMapper.shared().createObjectNode(),
                    "make branch " + push.target().revision());
        }
    }

    /** Returns whether it was not there. */
    private boolean make(URI target, ObjectNode body, String what) throws IOException {
        try {
            requests.post(target, HubRequests.JSON, body, what);
            return true;
        } catch (HubException e) {
            if (e.kind() != HubException.Kind.EXISTS) {
                throw e;
            }
            return false;
        }
    }

    private void foresee(List<ReadFile> files) throws IOException {
        try {
            ask(push.target(), files);
        } catch (HubException e) {
            switch (e.kind()) {
                case REPO_NOT_FOUND -> {
                    isNewRepo = true;
                    files.forEach(file -> outcomes.put(file, Outcome.SENT));
                }
                // The branch would begin as what main is.
                case REVISION_NOT_FOUND -> ask(new RepoName(push.target().repo(), RepoName.MAIN), files);
                default -> throw e;
            }
        }
    }

    /** Asks what the hub has and how it wants the rest. */
    private void ask(RepoName target, List<ReadFile> files) throws IOException {
        for (int from = 0; from < files.size(); from += PREUPLOAD) {
            List<ReadFile> some = files.subList(from, Math.min(files.size(), from + PREUPLOAD));
            HubRequests.Reply reply = requests.post(endpoint.change("preupload", target), HubRequests.JSON,
                    preupload(some), "send files to " + target);
            parent = parent.isEmpty() ? reply.commit() : parent;
            Map<String, JsonNode> answers = new HashMap<>();
            reply.json().path("files").forEach(file -> answers.put(file.path("path").asString(""), file));
            for (ReadFile file : some) {
                take(file, answers.get(file.found().path()));
            }
        }
    }

    private static ObjectNode preupload(List<ReadFile> files) {
        ObjectNode body = JsonMapper.shared().createObjectNode();
        ArrayNode list = body.putArray("files");
        for (ReadFile file : files) {
            list.addObject()
                    .put("path", file.found().path())
                    .put("size", file.found().size())
                    .put("sample", Base64.getEncoder().encodeToString(file.sample()));
        }
        return body;
    }

    private void take(ReadFile file, @Nullable JsonNode answer) throws HubException {
        if (answer == null) {
            throw new HubException(HubException.Kind.BAD_ANSWER,
                    endpoint + " does not say how it wants " + file.found().path());
        }
        if (answer.path("shouldIgnore").asBoolean(false)) {
            outcomes.put(file, Outcome.IGNORED);
            return;
        }
        boolean isLarge = isLarge(answer.path("uploadMode").asString(""));
        String there = answer.path("oid").asString("");
        if (there.equals(isLarge ? file.sha256().hex() : file.gitOid())) {
            outcomes.put(file, Outcome.UNCHANGED);
        } else {
            outcomes.put(file, Outcome.SENT);
            (isLarge ? large : within).add(file);
        }
    }

    private boolean isLarge(String mode) throws HubException {
        return switch (mode) {
            case "lfs" -> true;
            case "regular" -> false;
            default -> throw new HubException(HubException.Kind.BAD_ANSWER, endpoint + " wants files in a way that "
                    + "is not known here, '" + RelativePath.shown(mode) + "'; a newer client may know it");
        };
    }

    private void noteNamed(List<LargeFiles.Wanted> wanted) {
        Set<ReadFile> sent = new HashSet<>();
        wanted.forEach(each -> sent.add(each.file()));
        for (ReadFile file : large) {
            if (!sent.contains(file)) {
                outcomes.put(file, Outcome.NAMED);
            }
        }
    }

    private String commit(Progress progress) throws IOException {
        Path body = Files.createTempFile("weightspan-push", ".ndjson");
        try {
            CommitBody.write(body, push.message(), parent, within, large, progress);
            Sent commit = new Sent("POST", endpoint.change("commit", push.target()),
                    Map.of("Content-Type", "application/x-ndjson"), BodyPublishers.ofFile(body), Files.size(body));
            HubRequests.Reply reply = requests.unlessDone(commit, "commit to " + push.target());
            return reply.json().path("commitOid").asString(reply.commit());
        } finally {
            Files.deleteIfExists(body);
        }
    }

    private PushResult result(List<ReadFile> files, String commit) {
        return new PushResult(push.target(), commit, isNewRepo, files.stream()
                .map(file -> new PushResult.Pushed(file.found().path(), file.found().size(), file.sha256().hex(),
                        requireNonNull(outcomes.get(file), "a file without an outcome")))
                .toList());
    }

    private static long bytes(List<ReadFile> files) {
        return files.stream().mapToLong(file -> file.found().size()).sum();
    }
}
