package io.weightspan.server.hub;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The files of a commit as folders, with git's ids. Immutable after it is built. */
final class FileTree {

    /**
     * A file or a folder.
     *
     * @param path its path, whole, without a slash at either end
     * @param file the file; null for a folder
     * @param id git's id, 40 hexadecimal digits
     */
    record Entry(String path, @Nullable CommitFile file, String id) {}

    private static final class Folder {
        private final SortedMap<String, Folder> folders = new TreeMap<>();
        private final SortedMap<String, CommitFile> files = new TreeMap<>();
    }

    /** Every file and folder by path, in ascending order; the root is not among them. */
    private final SortedMap<String, Entry> entries = new TreeMap<>();

    private FileTree(Folder root) {
        addAll("", root);
    }

    /** Builds the tree of a commit. */
    static FileTree of(Commit commit) {
        Folder root = new Folder();
        for (CommitFile file : commit.files()) {
            Folder folder = root;
            String[] names = file.path().split("/", -1);
            for (int i = 0; i < names.length - 1; i++) {
                folder = folder.folders.computeIfAbsent(names[i], name -> new Folder());
            }
            folder.files.put(names[names.length - 1], file);
        }
        return new FileTree(root);
    }

    /** Returns the file or folder at a path; empty for the root and for what isn't there. */
    Optional<Entry> at(String path) {
        return Optional.ofNullable(entries.get(path));
    }

    /**
     * Lists a folder in ascending order of path.
     *
     * @param path the folder's path; empty for the root
     * @param recursive whether what lies in its folders is listed too
     * @return the entries, or empty where there is no such folder
     */
    Optional<List<Entry>> list(String path, boolean recursive) {
        if (!path.isEmpty()) {
            Entry folder = entries.get(path);
            if (folder == null || folder.file() != null) {
                return Optional.empty();
            }
        }
        String prefix = path.isEmpty() ? "" : path + "/";
        List<Entry> found = new ArrayList<>();
        for (Entry entry : entries.tailMap(prefix).values()) {
            if (!entry.path().startsWith(prefix)) {
                break;
            }
            if (recursive || entry.path().indexOf('/', prefix.length()) < 0) {
                found.add(entry);
            }
        }
        return Optional.of(found);
    }

    /** Adds everything below a folder and returns the folder's id. */
    private String addAll(String prefix, Folder folder) {
        Map<String, GitIds.Entry> ids = new LinkedHashMap<>();
        folder.folders.forEach((name, inner) -> {
            String id = addAll(prefix + name + "/", inner);
            entries.put(prefix + name, new Entry(prefix + name, null, id));
            ids.put(name, new GitIds.Entry(true, id));
        });
        folder.files.forEach((name, file) -> {
            String id = LargeFiles.gitBlob(file);
            entries.put(file.path(), new Entry(file.path(), file, id));
            ids.put(name, new GitIds.Entry(false, id));
        });
        return GitIds.tree(ids);
    }
}
