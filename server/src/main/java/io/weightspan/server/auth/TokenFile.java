package io.weightspan.server.auth;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A file of tokens: a JSON document {@code {"tokens": [{"name", "user", "role", "scopes", "sha256", "created",
 * "expires"}]}}, which holds no token itself. It is replaced whole, so that a server that reads it meanwhile sees the
 * old or the new one. Stateless but for its path.
 */
public final class TokenFile {

    private static final long MAX_BYTES = 16L << 20;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@-]{0,95}");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private final Path file;

    /**
     * Names a file.
     *
     * @param file where it is, or will be
     */
    public TokenFile(Path file) {
        this.file = requireNonNull(file, "file is null");
    }

    /** Changes a list of tokens. */
    @FunctionalInterface
    public interface Change {

        /**
         * Changes the list in place.
         *
         * @throws IllegalArgumentException if it can't be; the message is for the person who asked
         */
        void apply(List<AccessToken> tokens);
    }

    /** Returns where it is. */
    public Path path() {
        return file;
    }

    /**
     * Checks what a token or a user is called.
     *
     * @return the name
     * @throws IllegalArgumentException if it has other characters than letters, digits, '.', '_', '@' and '-', or more
     *     than 96
     */
    public static String checkName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "'" + name + "' can't be a name; use 1 to 96 letters, digits, '.', '_', '@' and '-'");
        }
        return name;
    }

    /**
     * Reads the tokens.
     *
     * @return all, expired ones too
     * @throws TokenFileException if the file isn't of this form; nothing of it is used then
     * @throws IOException if it can't be read
     */
    public List<AccessToken> read() throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new TokenFileException(file, "it has more than " + MAX_BYTES + " bytes", null);
        }
        try {
            return parse(JSON.readTree(Files.readAllBytes(file)));
        } catch (JacksonException | DateTimeException | IllegalArgumentException e) {
            // An InvalidNameException is an IllegalArgumentException too.
            throw new TokenFileException(file, String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * Changes the file, or makes it, readable by its owner alone. Two that change it at once do so one after the other.
     *
     * @throws IllegalArgumentException if the change says so; the file is then as it was
     * @throws TokenFileException if the file isn't of this form
     * @throws IOException if it can't be read or written
     */
    public void change(Change change) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path folder = requireNonNull(absolute.getParent(), "a file without a folder");
        Files.createDirectories(folder);
        Path lock = absolute.resolveSibling(absolute.getFileName() + ".lock");
        try (FileChannel channel =
                FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.lock();
            List<AccessToken> tokens = new ArrayList<>(Files.exists(file) ? read() : List.of());
            change.apply(tokens);
            Path fresh = Files.createTempFile(
                    folder, ".tokens", ".json",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                Files.write(fresh, JSON.writeValueAsBytes(render(tokens)));
                Files.move(fresh, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(fresh);
            }
        }
    }

    private static List<AccessToken> parse(JsonNode document) {
        JsonNode list = document.path("tokens");
        if (!list.isArray()) {
            throw new IllegalArgumentException("it has no list 'tokens'");
        }
        List<AccessToken> tokens = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (JsonNode each : list) {
            AccessToken token = token(each);
            if (!names.add(token.name())) {
                throw new IllegalArgumentException("two tokens are named " + token.name());
            }
            tokens.add(token);
        }
        return tokens;
    }

    private static AccessToken token(JsonNode json) {
        String name = checkName(text(json, "name"));
        List<Scope> scopes = new ArrayList<>();
        for (JsonNode scope : json.path("scopes")) {
            scopes.add(new Scope(scope.asString("")));
        }
        return new AccessToken(
                name,
                checkName(text(json, "user")),
                Role.of(text(json, "role")),
                scopes,
                Digest.of(text(json, "sha256")),
                Instant.parse(text(json, "created")),
                json.hasNonNull("expires") ? Optional.of(Instant.parse(text(json, "expires"))) : Optional.empty());
    }

    private static String text(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (!value.isString()) {
            throw new IllegalArgumentException("a token lacks '" + key + "'");
        }
        return value.stringValue();
    }

    private static ObjectNode render(List<AccessToken> tokens) {
        ObjectNode document = JSON.createObjectNode();
        ArrayNode list = document.putArray("tokens");
        for (AccessToken token : tokens) {
            ObjectNode json = list.addObject()
                    .put("name", token.name())
                    .put("user", token.user())
                    .put("role", token.role().toString());
            ArrayNode scopes = json.putArray("scopes");
            token.scopes().forEach(scope -> scopes.add(scope.text()));
            json.put("sha256", token.sha256().hex()).put("created", token.created().toString());
            token.expires().ifPresent(expires -> json.put("expires", expires.toString()));
        }
        return document;
    }

    /** A file that isn't one of tokens. */
    public static final class TokenFileException extends IOException {

        private static final long serialVersionUID = 1L;

        TokenFileException(Path file, String reason, @org.jspecify.annotations.Nullable Throwable cause) {
            super("the tokens of " + file + " can't be used: " + reason, cause);
        }
    }
}
