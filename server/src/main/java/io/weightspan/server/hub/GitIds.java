package io.weightspan.server.hub;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The names that git gives contents: SHA-1 of a type, a length and the bytes. */
final class GitIds {

    private GitIds() {}

    /** What a folder holds under a name. */
    record Entry(boolean isFolder, String id) {}

    /** Returns the id of a blob, 40 hexadecimal digits. */
    static String blob(byte[] content) {
        return id("blob", content);
    }

    /** Returns the id of a folder from what it holds by name. */
    static String tree(Map<String, Entry> entries) {
        // Git sorts the bytes of the names, those of folders as if they ended in a slash.
        SortedMap<byte[], Map.Entry<String, Entry>> sorted = new TreeMap<>(Arrays::compareUnsigned);
        for (Map.Entry<String, Entry> named : entries.entrySet()) {
            String key = named.getValue().isFolder() ? named.getKey() + "/" : named.getKey();
            sorted.put(key.getBytes(StandardCharsets.UTF_8), named);
        }
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (Map.Entry<String, Entry> named : sorted.values()) {
            String mode = named.getValue().isFolder() ? "40000 " : "100644 ";
            content.writeBytes((mode + named.getKey() + "\0").getBytes(StandardCharsets.UTF_8));
            content.writeBytes(HexFormat.of().parseHex(named.getValue().id()));
        }
        return id("tree", content.toByteArray());
    }

    private static String id(String type, byte[] content) {
        try {
            MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
            sha1.update((type + " " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(sha1.digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }
}
