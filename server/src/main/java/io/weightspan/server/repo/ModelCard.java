package io.weightspan.server.repo;

import io.weightspan.codec.container.ContainerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a model says that it started from: {@code base_model} in the front matter of its README.md, and {@code
 * base_model_name_or_path} in adapter_config.json. Anything may stand there; only names of repositories are taken.
 * Stateless.
 */
final class ModelCard {

    private static final int FLAGS = Pattern.DOTALL | Pattern.MULTILINE;

    /** Longer ones are no cards. */
    private static final long MAX_BYTES = 1 << 20;

    private static final Pattern FRONT_MATTER = Pattern.compile("\\A---[ \\t]*\\R(.*?)^---[ \\t]*$", FLAGS);

    /** Each is looked for among the repositories, and nobody tunes more at once. */
    private static final int MOST_NAMES = 16;

    /**
     * A value behind the key, or in the lines of a list below it. Possessive, or a long list would be matched by
     * recursion.
     */
    private static final Pattern BASE_MODEL = Pattern.compile(
            "^base_model:[ \\t]*([^\\r\\n]*)((?:\\R[ \\t]*-[ \\t]+[^\\r\\n]*+)*+)", Pattern.MULTILINE);

    /** Names of repositories among quotes, brackets, commas, dashes of a list and remarks. */
    private static final Pattern NAME = Pattern.compile("(?<![\\w./-])\\w[\\w.-]*/[\\w.-]*\\w(?![\\w./-])");

    private ModelCard() {}

    /**
     * Returns the repositories that a model says it started from.
     *
     * @throws IOException if the store can't be read
     */
    static List<RepoId> bases(Commit commit, StoredFiles files) throws IOException {
        List<String> named = new ArrayList<>();
        for (CommitFile file : commit.files()) {
            if (file.size() <= MAX_BYTES && file.path().equals("README.md")) {
                named.addAll(declared(text(file, files)));
            } else if (file.size() <= MAX_BYTES && file.path().equals("adapter_config.json")) {
                named.addAll(adapted(text(file, files)));
            }
        }
        Set<RepoId> bases = new LinkedHashSet<>();
        for (String name : named) {
            repo(name).ifPresent(bases::add);
        }
        return List.copyOf(bases);
    }

    /** What the front matter names, of which no more needs to be understood than this. */
    static List<String> declared(String readme) {
        Matcher front = FRONT_MATTER.matcher(readme);
        Matcher key = BASE_MODEL.matcher(front.find() ? front.group(1) : "");
        if (!key.find()) {
            return List.of();
        }
        return NAME.matcher(key.group(1) + key.group(2)).results()
                .map(MatchResult::group)
                .limit(MOST_NAMES)
                .toList();
    }

    private static List<String> adapted(String json) {
        try {
            return List.of(JsonMapper.shared().readTree(json).path("base_model_name_or_path").asString(""));
        } catch (JacksonException e) {
            // Its keeper's own affair; a loader will say so.
            return List.of();
        }
    }

    private static Optional<RepoId> repo(String name) {
        try {
            return Optional.of(RepoId.of(name));
        } catch (InvalidNameException e) {
            return Optional.empty();
        }
    }

    /** The text of a small file; empty if it is damaged, which verify tells of. */
    private static String text(CommitFile file, StoredFiles files) throws IOException {
        try {
            return new String(files.bytes(file), StandardCharsets.UTF_8);
        } catch (ContainerException | CorruptStoreException e) {
            return "";
        }
    }
}
