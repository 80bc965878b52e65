package io.weightspan.server.repo;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Applies changes to the files of a commit. Stateless. */
final class FileChanges {

    private FileChanges() {}

    /**
     * Returns the files after the changes.
     *
     * @throws RefusedEditException if a change can't be made
     */
    static List<CommitFile> apply(Commit before, List<CommitEdit.Change> changes) throws RefusedEditException {
        SortedMap<String, CommitFile> files = new TreeMap<>();
        before.files().forEach(file -> files.put(file.path(), file));
        for (CommitEdit.Change change : changes) {
            apply(change, files);
        }
        try {
            return Commit.inOrder(new ArrayList<>(files.values()));
        } catch (IllegalArgumentException e) {
            // A file where another file needs a folder.
            throw new RefusedEditException(String.valueOf(e.getMessage()), e);
        }
    }

    private static void apply(CommitEdit.Change change, SortedMap<String, CommitFile> files)
            throws RefusedEditException {
        String path = change.path();
        switch (change) {
            case CommitEdit.Put put -> files.put(path, put.file());
            case CommitEdit.DeleteFile delete -> {
                if (files.remove(path) == null) {
                    throw new RefusedEditException("there is no file '" + path + "' to delete");
                }
            }
            case CommitEdit.DeleteFolder delete -> {
                String folder = path.endsWith("/") ? path : path + "/";
                if (!files.keySet().removeIf(file -> file.startsWith(folder))) {
                    throw new RefusedEditException("there is no folder '" + path + "' to delete");
                }
            }
        }
    }
}
