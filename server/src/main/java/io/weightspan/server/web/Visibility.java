package io.weightspan.server.web;

import io.weightspan.server.http.HttpException;
import io.weightspan.server.http.Request;
import io.weightspan.server.repo.RepoId;
import java.io.IOException;
import java.util.function.Predicate;

/**
 * Decides what a visitor sees. A repository that isn't visible is shown nowhere and counts in no sum; asked for by name,
 * it isn't there. Implementations are safe for several threads.
 */
@FunctionalInterface
public interface Visibility {

    /** Everybody sees everything. */
    Visibility ALL = request -> repo -> true;

    /**
     * Returns what whoever sent a request may see.
     *
     * @param request the request
     * @return tells of a repository whether it is visible; used by one thread while the request is answered
     * @throws HttpException if the request is refused whatever it asks for
     * @throws IOException if what decides can't be read
     */
    Predicate<RepoId> of(Request request) throws HttpException, IOException;
}
