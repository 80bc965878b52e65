package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hints by which a file that is in a store already is found by its SHA-256 (ST-IDX-001). A hint may be missing,
 * wrong or out of date: whoever follows one checks the object.
 */
final class FileIndex {

    private static final Pattern TEXT = Pattern.compile("(record|plain) ([0-9a-f]{64})\n");
    private static final int FOLDER_DIGITS = 2;

    private final ObjectStore store;

    FileIndex(ObjectStore store) {
        this.store = store;
    }

    /** How a file is said to be stored. */
    record Hint(FileKind kind, Digest object) {}

    /** Returns the hint for a file; empty where there is none or it is not of the form that it should have. */
    Optional<Hint> find(Digest file) throws IOException {
        return store.value(key(file)).flatMap(FileIndex::parse);
    }

    /** Sets the hint for a file, whatever it was. */
    void set(Digest file, Hint hint) throws IOException {
        String text = (hint.kind() == FileKind.RECORD ? "record " : "plain ") + hint.object().hex() + "\n";
        Optional<String> now = store.value(key(file));
        // Whoever else sets it at the same time sets as good a one.
        store.compareAndSet(key(file), now.orElse(null), text);
    }

    /** Removes the hint for a file if it names this object. */
    void forget(Digest file, Digest object) throws IOException {
        Optional<String> now = store.value(key(file));
        if (now.isPresent() && now.get().contains(object.hex())) {
            store.compareAndSet(key(file), now.get(), null);
        }
    }

    private static Optional<Hint> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        FileKind kind = matcher.group(1).equals("record") ? FileKind.RECORD : FileKind.PLAIN;
        return Optional.of(new Hint(kind, Digest.of(matcher.group(2))));
    }

    private static String key(Digest file) {
        String hex = file.hex();
        return "files/" + hex.substring(0, FOLDER_DIGITS) + "/" + hex.substring(FOLDER_DIGITS);
    }
}
