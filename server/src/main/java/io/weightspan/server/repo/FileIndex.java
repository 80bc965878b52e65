package io.weightspan.server.repo;

import io.weightspan.codec.container.Digest;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreKeys;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hints by which a file that is in a store already is found by its SHA-256 (ST-IDX-001), and what is stored in its
 * place by that and how it was asked for (ST-IDX-002). A hint may be missing, wrong or out of date: whoever follows one
 * checks the object.
 */
final class FileIndex {

    private static final String FILES = "files/";
    private static final String CODINGS = "codings/";
    private static final Pattern TEXT = Pattern.compile("(record|plain) ([0-9a-f]{64})\n");

    private final ObjectStore store;

    FileIndex(ObjectStore store) {
        this.store = store;
    }

    /** How a file is said to be stored. */
    record Hint(FileKind kind, Digest object) {}

    /** Returns the key of the hint for a file. */
    static String key(Digest file) {
        return StoreKeys.of(FILES, file);
    }

    /**
     * Returns the key of the hint for what is stored in a file's place.
     *
     * @param file SHA-256 of the file
     * @param coding how it was asked for
     * @param base SHA-256 of the weight files that it was said to have started from: errors are measured from them
     */
    static String key(Digest file, PackCoding coding, Collection<Digest> base) {
        StringBuilder text = new StringBuilder(file.hex()).append('\n').append(coding.text()).append('\n');
        base.stream().map(Digest::hex).sorted().distinct().forEach(one -> text.append(one).append('\n'));
        return StoreKeys.of(CODINGS,
                Digest.sha256(MemorySegment.ofArray(text.toString().getBytes(StandardCharsets.UTF_8))));
    }

    /** Returns the hint under a key; empty where there is none or it is not of the form that it should have. */
    Optional<Hint> find(String key) throws IOException {
        return store.value(key).flatMap(FileIndex::parse);
    }

    /** Sets the hint under a key, whatever it was. */
    void set(String key, Hint hint) throws IOException {
        String text = (hint.kind() == FileKind.RECORD ? "record " : "plain ") + hint.object().hex() + "\n";
        Optional<String> now = store.value(key);
        // Whoever else sets it at the same time sets as good a one.
        store.compareAndSet(key, now.orElse(null), text);
    }

    /** Removes the hint under a key if it names this object. */
    void forget(String key, Digest object) throws IOException {
        Optional<String> now = store.value(key);
        if (now.isPresent() && now.get().contains(object.hex())) {
            store.compareAndSet(key, now.get(), null);
        }
    }

    /** Returns the keys of all hints. */
    List<String> keys() throws IOException {
        List<String> keys = new ArrayList<>(store.keys(FILES));
        keys.addAll(store.keys(CODINGS));
        return keys;
    }

    private static Optional<Hint> parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        FileKind kind = matcher.group(1).equals("record") ? FileKind.RECORD : FileKind.PLAIN;
        return Optional.of(new Hint(kind, Digest.of(matcher.group(2))));
    }
}
