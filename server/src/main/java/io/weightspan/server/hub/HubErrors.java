package io.weightspan.server.hub;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.server.http.HttpException;
import io.weightspan.server.quota.QuotaExceededException;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.EntryNotFoundException;
import io.weightspan.server.repo.ExistsException;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.NotFoundException;
import io.weightspan.server.repo.RefusedEditException;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.RepoNotFoundException;
import io.weightspan.server.repo.RevisionNotFoundException;
import io.weightspan.server.repo.StaleParentException;
import io.weightspan.server.repo.WrongContentException;
import java.io.IOException;

/**
 * What the Hub's clients expect of a refusal. They choose their exception by {@code X-Error-Code}, and remember that a
 * file isn't there only where {@code X-Repo-Commit} says at which commit.
 */
public final class HubErrors {

    /** The header that names the commit an answer is about. */
    public static final String COMMIT_HEADER = "X-Repo-Commit";

    private HubErrors() {}

    /** Something that may fail as the store does. */
    @FunctionalInterface
    public interface Work<T> {

        /**
         * Does the work.
         *
         * @throws HttpException if it refuses by itself
         * @throws IOException if the store does
         */
        T run() throws HttpException, IOException;
    }

    /**
     * Runs work and turns what the store throws into refusals.
     *
     * @throws HttpException 404 with the Hub's code for what isn't there; 400, 409 or 412 for a change that can't be;
     *     403 for what there is no room for; 500 with a code for what is damaged
     * @throws IOException if the store can't be read
     */
    public static <T> T translate(Work<T> work) throws HttpException, IOException {
        try {
            return work.run();
        } catch (NotFoundException e) {
            throw notFound(e).because(e);
        } catch (StaleParentException e) {
            throw refusal(HttpResponseStatus.PRECONDITION_FAILED, e).because(e);
        } catch (ExistsException e) {
            throw refusal(HttpResponseStatus.CONFLICT, e).because(e);
        } catch (QuotaExceededException e) {
            // As the Hub says it; of a status above 500 some clients believe that it will pass.
            throw refusal(HttpResponseStatus.FORBIDDEN, e).because(e);
        } catch (RefusedEditException | WrongContentException | InvalidNameException e) {
            throw refusal(HttpResponseStatus.BAD_REQUEST, e).because(e);
        } catch (ContainerException e) {
            throw new HttpException(
                    HttpResponseStatus.INTERNAL_SERVER_ERROR,
                    e.code().name(),
                    "the stored file is damaged: " + e.getMessage()).because(e);
        } catch (CorruptStoreException e) {
            throw new HttpException(
                    HttpResponseStatus.INTERNAL_SERVER_ERROR,
                    "CorruptStore",
                    "the store is damaged: " + e.getMessage()).because(e);
        }
    }

    /**
     * Returns the repository of a name.
     *
     * @throws HttpException 404 for one that can't be a name: such a repository is just not there
     */
    public static RepoId repo(String namespace, String name) throws HttpException {
        try {
            return new RepoId(namespace, name);
        } catch (InvalidNameException e) {
            throw noRepo(namespace + "/" + name).because(e);
        }
    }

    /** Returns the refusal for a repository that there isn't. */
    public static HttpException noRepo(String id) {
        return new HttpException(HttpResponseStatus.NOT_FOUND, "RepoNotFound", "there is no repository " + id);
    }

    /** Returns the refusal for a file or folder that a commit hasn't. */
    static HttpException noEntry(Commit commit, String path) {
        return new HttpException(
                HttpResponseStatus.NOT_FOUND,
                "EntryNotFound",
                "repository " + commit.repo() + " has no '" + path + "' at " + commit.id())
                .with(COMMIT_HEADER, commit.id());
    }

    private static HttpException refusal(HttpResponseStatus status, Exception e) {
        return new HttpException(status, String.valueOf(e.getMessage()));
    }

    private static HttpException notFound(NotFoundException e) {
        return switch (e) {
            case RepoNotFoundException repo -> noRepo(repo.repo());
            case RevisionNotFoundException revision ->
                new HttpException(HttpResponseStatus.NOT_FOUND, "RevisionNotFound", String.valueOf(e.getMessage()));
            case EntryNotFoundException entry -> noEntry(entry.commit(), entry.path());
        };
    }
}
