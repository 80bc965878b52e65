package io.weightspan.server.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.repo.CommitEdit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.Fingerprint;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoPath;
import io.weightspan.server.repo.Uploads;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.Base64Variants;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/**
 * The body of a commit: one JSON object after the other, {@code {"key": ..., "value": {...}}}.
 *
 * <p>A file's content goes from the socket to the disk as it is decoded: a line may be longer than memory. For one
 * thread, and one body.
 */
final class CommitLines {

    private static final int MAX_TEXT = 1 << 20;
    private static final int MAX_DEPTH = 8;

    /** Bytes by which encodings are told apart; the first line of a commit has more, and all of them ASCII. */
    private static final int LONGEST_MARK = 4;

    private static final int MAX_CHANGES = 100_000;
    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,40}");
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(MAX_TEXT)
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNameLength(256)
                    .build())
            .build();

    private final Uploads uploads;
    private final StoreSession session;
    private final RepoId repo;
    private final List<CommitEdit.Change> changes = new ArrayList<>();
    private @Nullable Line header;

    CommitLines(Uploads uploads, StoreSession session, RepoId repo) {
        this.uploads = requireNonNull(uploads, "uploads is null");
        this.session = requireNonNull(session, "session is null");
        this.repo = requireNonNull(repo, "repo is null");
    }

    /** One object: its key, the texts of its value, and its content where it has one. */
    private static final class Line {
        private String key = "";
        private final Map<String, String> texts = new HashMap<>();
        private @Nullable Fingerprint content;

        String text(String name) throws HttpException {
            String text = texts.get(name);
            if (text == null) {
                throw JsonBody.bad("a line '" + key + "' lacks '" + name + "'");
            }
            return text;
        }
    }

    /**
     * Reads the body to its end and puts the files that it holds into the store.
     *
     * @throws HttpException 400 if it isn't of the form, or names what can't be
     * @throws IOException if it doesn't arrive, or the store can't be written
     */
    void read(InputStream body) throws HttpException, IOException {
        PushbackInputStream bytes = new PushbackInputStream(body, LONGEST_MARK);
        requireUtf8(bytes);
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), bytes)) {
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                if (token != JsonToken.START_OBJECT) {
                    throw JsonBody.bad("a line of the commit isn't a JSON object");
                }
                take(line(parser));
            }
        } catch (JacksonIOException e) {
            // Not what was read is bad: it did not arrive, or could not be written.
            throw e.getCause();
        } catch (JacksonException e) {
            throw JsonBody.bad("the commit isn't lines of JSON: " + e.getOriginalMessage()).because(e);
        }
        if (header == null) {
            throw JsonBody.bad("the commit has no line 'header'");
        }
    }

    /** Refuses other encodings of Unicode, which the parser would go by, and fail at in ways of its own. */
    private static void requireUtf8(PushbackInputStream body) throws HttpException, IOException {
        byte[] first = body.readNBytes(LONGEST_MARK);
        for (byte one : first) {
            if (one <= 0) {
                throw JsonBody.bad("the commit isn't lines of JSON in UTF-8");
            }
        }
        body.unread(first);
    }

    /** Returns why the commit is made: the summary, and after an empty line the description. */
    String message() {
        Line line = requireNonNull(header, "read first");
        String summary = line.texts.getOrDefault("summary", "");
        String description = line.texts.getOrDefault("description", "");
        return description.isEmpty() ? summary : summary + "\n\n" + description;
    }

    /** Returns the commit that it is made upon, where it says one. */
    Optional<String> parent() {
        return Optional.ofNullable(requireNonNull(header, "read first").texts.get("parentCommit"));
    }

    /** Returns what is done to the files, in order. */
    List<CommitEdit.Change> changes() {
        return changes;
    }

    private Line line(JsonParser parser) throws HttpException, IOException {
        Line line = new Line();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("key") && value == JsonToken.VALUE_STRING) {
                line.key = parser.getString();
            } else if (name.equals("value") && value == JsonToken.START_OBJECT) {
                value(parser, line);
            } else {
                parser.skipChildren();
            }
        }
        return line;
    }

    private void value(JsonParser parser, Line line) throws HttpException, IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            if (name.equals("content") && value == JsonToken.VALUE_STRING) {
                line.content = content(parser);
            } else if (value == JsonToken.VALUE_STRING || value == JsonToken.VALUE_NUMBER_INT) {
                line.texts.put(name, parser.getString());
            } else {
                parser.skipChildren();
            }
        }
    }

    private Fingerprint content(JsonParser parser) throws IOException {
        Path file = session.newFile();
        boolean isWhole = false;
        try {
            try (OutputStream out = Files.newOutputStream(file)) {
                parser.readBinaryValue(Base64Variants.MIME_NO_LINEFEEDS, out);
            }
            isWhole = true;
            return uploads.take(session, file);
        } finally {
            if (!isWhole) {
                Files.deleteIfExists(file);
            }
        }
    }

    private void take(Line line) throws HttpException, IOException {
        if (changes.size() >= MAX_CHANGES) {
            throw JsonBody.bad("a commit may have " + MAX_CHANGES + " changes");
        }
        switch (line.key) {
            case "header" -> header(line);
            case "file" -> file(line);
            case "lfsFile" -> large(line);
            case "deletedFile" -> changes.add(new CommitEdit.DeleteFile(line.text("path")));
            case "deletedFolder" -> changes.add(new CommitEdit.DeleteFolder(line.text("path")));
            default -> throw JsonBody.bad("a commit can't hold a line '" + line.key + "'");
        }
    }

    private void header(Line line) throws HttpException {
        if (header != null) {
            throw JsonBody.bad("the commit has two lines 'header'");
        }
        String parent = line.texts.get("parentCommit");
        if (parent != null && !COMMIT.matcher(parent).matches()) {
            throw JsonBody.bad("'parentCommit' isn't the id of a commit");
        }
        header = line;
    }

    private void file(Line line) throws HttpException {
        if (line.content == null) {
            throw JsonBody.bad("a line 'file' lacks 'content'");
        }
        if (!line.texts.getOrDefault("encoding", "base64").equals("base64")) {
            throw JsonBody.bad("the content of a file must be in base64");
        }
        changes.add(new CommitEdit.Put(Uploads.plain(line.text("path"), line.content)));
    }

    private void large(Line line) throws HttpException, IOException {
        String path = RepoPath.check(line.text("path"));
        String oid = line.text("oid");
        if (!line.texts.getOrDefault("algo", "sha256").equals("sha256") || !Digest.isHex(oid)) {
            throw JsonBody.bad("the oid of '" + path + "' isn't a SHA-256");
        }
        CommitFile found = uploads.find(repo, Digest.of(oid))
                .orElseThrow(() -> JsonBody.bad("'" + path + "' was never sent to " + repo + ": " + oid));
        String size = line.texts.get("size");
        if (size != null && !size.equals(Long.toString(found.size()))) {
            throw JsonBody.bad("'" + path + "' has " + found.size() + " bytes, not " + size);
        }
        changes.add(new CommitEdit.Put(found.at(path)));
    }
}
