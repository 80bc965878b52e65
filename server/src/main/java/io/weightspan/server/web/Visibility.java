package io.weightspan.server.web;

import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.repo.RepoId;
import java.io.IOException;
import java.util.Optional;

/**
 * Decides what a visitor sees. A repository that isn't visible is shown nowhere and counts in no sum; asked for by
 * name, it isn't there. Implementations are safe for several threads.
 */
@FunctionalInterface
public interface Visibility {

    /** Everybody sees everything. */
    Visibility ALL = request -> repo -> true;

    /** Somebody who sent a request; used by one thread while that is answered. */
    @FunctionalInterface
    interface Viewer {

        /**
         * Returns whether a repository is visible: its name, its files' names and sizes, its history.
         *
         * @param repo the repository, which needn't be there
         * @throws IOException if what decides can't be read
         */
        boolean sees(RepoId repo) throws IOException;

        /**
         * Returns whether what is in the files of a visible repository is too. As visible as the repository itself
         * unless overridden.
         *
         * @param repo the repository
         * @throws IOException if what decides can't be read
         */
        default boolean reads(RepoId repo) throws IOException {
            return sees(repo);
        }

        /**
         * Returns whether somebody without a token reads what is in the files of a repository. So unless overridden.
         *
         * @param repo the repository
         * @throws IOException if what decides can't be read
         */
        default boolean isOpenToAll(RepoId repo) throws IOException {
            return true;
        }

        /** Returns what somebody who has signed in is called; empty for others. */
        default Optional<String> name() {
            return Optional.empty();
        }

        /** Returns whether there is something to sign in with. Not unless overridden. */
        default boolean maySignIn() {
            return false;
        }
    }

    /**
     * Returns who sent a request.
     *
     * @param request the request
     * @throws HttpException if the request is refused whatever it asks for
     * @throws IOException if what decides can't be read
     */
    Viewer of(Request request) throws HttpException, IOException;
}
