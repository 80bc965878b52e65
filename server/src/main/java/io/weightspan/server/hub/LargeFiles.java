package io.weightspan.server.hub;

import io.weightspan.server.repo.CommitFile;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * Which files the Hub's clients see as large ("LFS") files, and as which git blob they see those.
 *
 * <p>It decides which digest stands for a file: a large file's entity tag and object id are its SHA-256, any other
 * file's the SHA-1 that git gives it. The rule depends on path and size alone, so that a file never changes sides.
 */
final class LargeFiles {

    /** From this size on every file is large, as on the Hub. */
    private static final long LARGE_BYTES = 10_000_000;

    /** What the Hub's own default {@code .gitattributes} lists, as far as it goes by suffix. */
    private static final Set<String> SUFFIXES = Set.of(
            "7z", "arrow", "bin", "bz2", "ckpt", "ftz", "gguf", "gz", "h5", "joblib", "mlmodel", "model", "msgpack",
            "npy", "npz", "onnx", "ot", "parquet", "pb", "pickle", "pkl", "pt", "pth", "rar", "safetensors", "tar",
            "tflite", "tgz", "wasm", "xz", "zip", "zst");

    private LargeFiles() {}

    /** Returns whether a file is a large one. Empty files never are: clients always send them as regular ones. */
    static boolean isLarge(CommitFile file) {
        return isLarge(file.path(), file.size());
    }

    /** Returns whether a file of this path and number of bytes is, or would be, a large one. */
    static boolean isLarge(String path, long size) {
        if (size == 0) {
            return false;
        }
        String name = path.substring(path.lastIndexOf('/') + 1);
        String suffix = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return size >= LARGE_BYTES || (name.indexOf('.') >= 0 && SUFFIXES.contains(suffix));
    }

    /** Returns what the file's entity tag holds: 64 hexadecimal digits of a large file, 40 of another. */
    static String tag(CommitFile file) {
        return isLarge(file) ? file.sha256().hex() : file.gitOid();
    }

    /** Returns the git blob that stands for a file in its folder: the pointer of a large file, else the file itself. */
    static String gitBlob(CommitFile file) {
        return isLarge(file) ? GitIds.blob(pointer(file)) : file.gitOid();
    }

    /** Returns the bytes of a large file's pointer. */
    static int pointerSize(CommitFile file) {
        return pointer(file).length;
    }

    private static byte[] pointer(CommitFile file) {
        return """
                version https://git-lfs.github.com/spec/v1
                oid sha256:%s
                size %d
                """.formatted(file.sha256().hex(), file.size())
                .getBytes(StandardCharsets.US_ASCII);
    }
}
