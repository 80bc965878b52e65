package io.weightspan.server.repo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Applies changes to the files of a commit. For one thread. */
final class FileChanges {

    private final Repositories repositories;
    private final Commit before;
    private final SortedMap<String, CommitFile> files = new TreeMap<>();
    private final Map<String, Commit> sources = new HashMap<>();

    FileChanges(Repositories repositories, Commit before) {
        this.repositories = repositories;
        this.before = before;
        before.files().forEach(file -> files.put(file.path(), file));
    }

    /**
     * Returns the files after the changes.
     *
     * @throws RefusedEditException if a change can't be made
     * @throws RevisionNotFoundException if a copy names no commit of the repository
     * @throws IOException if the store can't be read
     */
    List<CommitFile> apply(List<CommitEdit.Change> changes) throws IOException {
        try {
            for (CommitEdit.Change change : changes) {
                apply(change);
            }
            return Commit.inOrder(new ArrayList<>(files.values()));
        } catch (IllegalArgumentException e) {
            // A name that can't be one, or a file where another file needs a folder.
            throw new RefusedEditException(String.valueOf(e.getMessage()), e);
        }
    }

    private void apply(CommitEdit.Change change) throws IOException {
        String path = change.path();
        switch (change) {
            case CommitEdit.Put put ->
                files.put(path, new CommitFile(
                        path, put.size(), put.sha256(), put.gitOid(), FileKind.PLAIN, put.sha256(), put.size()));
            case CommitEdit.Copy copy -> files.put(path, copied(copy));
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

    private CommitFile copied(CommitEdit.Copy copy) throws IOException {
        Commit source = copy.revision().isEmpty() ? before : sources.get(copy.revision());
        if (source == null) {
            source = repositories.resolve(before.repo(), copy.revision());
            sources.put(copy.revision(), source);
        }
        for (CommitFile file : source.files()) {
            if (file.path().equals(copy.from())) {
                return new CommitFile(
                        copy.path(), file.size(), file.sha256(), file.gitOid(), file.kind(), file.object(),
                        file.storedSize(), file.original(), file.shared(), file.firstPart());
            }
        }
        throw new RefusedEditException("there is no file '" + copy.from() + "' to copy");
    }
}
