package io.weightspan.server.repo;

import java.util.List;
import java.util.Locale;

/**
 * What the name of a file tells about how to store it. The bytes are never asked: a wrong name costs space, not safety.
 */
final class FileTypes {

    /** Formats that may hold pickles, which nothing of ours ever parses, and archives that gain nothing. */
    private static final List<String> NEVER_PARSED =
            List.of(".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".zip", ".gz", ".zst", ".7z");

    private FileTypes() {}

    /** Returns whether the file is to be coded tensor by tensor. */
    static boolean isSafetensors(String path) {
        return lower(path).endsWith(".safetensors");
    }

    /** Returns whether the file is to be stored as it is. */
    static boolean isNeverParsed(String path) {
        String name = lower(path);
        return NEVER_PARSED.stream().anyMatch(name::endsWith);
    }

    private static String lower(String path) {
        return path.toLowerCase(Locale.ROOT);
    }
}
