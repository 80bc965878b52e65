package io.weightspan.server.commands;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.NotFoundException;
import io.weightspan.server.repo.RefName;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import java.io.IOException;

/**
 * A repository and a revision of it, as {@code REPO[@REV]} names them.
 *
 * @param repo the repository
 * @param revision a branch, a tag or a commit; {@code main} where none was given
 */
record Revision(RepoId repo, String revision) {

    /**
     * Parses {@code REPO[@REV]}.
     *
     * @throws InvalidNameException if the repository's name breaks a rule
     */
    static Revision of(String text) {
        int at = text.indexOf('@');
        return at < 0
                ? new Revision(RepoId.of(text), RefName.MAIN)
                : new Revision(RepoId.of(text.substring(0, at)), text.substring(at + 1));
    }

    /**
     * Finds the commit.
     *
     * @throws NotFoundException if there is no such repository or revision
     * @throws IOException if the store can't be read
     */
    Commit in(Repositories repositories) throws IOException {
        return repositories.resolve(repo, revision);
    }
}
