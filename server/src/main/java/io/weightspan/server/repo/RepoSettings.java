package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is kept about a repository beside its commits (ST-SET-001).
 *
 * @param isPrivate whether only those see it whose token says so
 * @param gate whether only those read its files
 * @param former names that it had before, under which its older commits were made
 */
public record RepoSettings(boolean isPrivate, Gate gate, List<RepoId> former) {

    /** A repository that everybody sees and reads, and that always had its name. */
    public static final RepoSettings DEFAULT = new RepoSettings(false, Gate.OPEN, List.of());

    private static final JsonMapper JSON = JsonMapper.shared();

    /** Who reads the files of a repository that is seen. */
    public enum Gate {
        /** Everybody who sees it. */
        OPEN,
        /** Those with a token for it; the Hub's {@code auto}. */
        AUTO,
        /** The same here; the Hub's {@code manual}. */
        MANUAL
    }

    /** Copies the list. */
    public RepoSettings {
        requireNonNull(gate, "gate is null");
        former = List.copyOf(former);
    }

    /** Returns whether there is somebody who may not read the files. */
    boolean isRestricted() {
        return isPrivate || gate != Gate.OPEN;
    }

    /** Returns the same with another visibility. */
    public RepoSettings withPrivate(boolean changed) {
        return new RepoSettings(changed, gate, former);
    }

    /** Returns the same with another gate. */
    public RepoSettings withGate(Gate changed) {
        return new RepoSettings(isPrivate, changed, former);
    }

    /** Returns the settings of the same repository under a new name. */
    RepoSettings renamed(RepoId from) {
        List<RepoId> names = new ArrayList<>(former);
        if (!names.contains(from)) {
            names.add(from);
        }
        return new RepoSettings(isPrivate, gate, names);
    }

    /** Returns the text of the value that keeps this. */
    String text() {
        ObjectNode json = JSON.createObjectNode();
        json.put("private", isPrivate);
        json.put("gated", gate.name().toLowerCase(Locale.ROOT));
        ArrayNode names = json.putArray("former");
        former.forEach(name -> names.add(name.toString()));
        return JSON.writeValueAsString(json) + "\n";
    }

    /**
     * Reads a value.
     *
     * @throws CorruptStoreException if it isn't one of settings: who may see the repository is then unknown
     */
    static RepoSettings parse(RepoId repo, String text) throws CorruptStoreException {
        try {
            JsonNode json = JSON.readTree(text);
            List<RepoId> former = new ArrayList<>();
            for (JsonNode name : json.path("former")) {
                former.add(RepoId.of(name.stringValue()));
            }
            JsonNode hidden = json.path("private");
            if (!hidden.isBoolean()) {
                throw new CorruptStoreException("the settings of " + repo + " don't say whether it is private");
            }
            Gate gate = Gate.valueOf(json.path("gated").asString("open").toUpperCase(Locale.ROOT));
            return new RepoSettings(hidden.booleanValue(), gate, former);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new CorruptStoreException("the settings of " + repo + " are damaged: " + e.getMessage(), e);
        }
    }
}
