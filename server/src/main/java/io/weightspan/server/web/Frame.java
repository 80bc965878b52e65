package io.weightspan.server.web;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands around the content of every page.
 *
 * @param title what the page is about
 * @param query what the search field holds
 * @param crumbs the pages above this one, without the first
 * @param visitor who sees it
 * @param assets where style sheets and scripts are
 */
record Frame(String title, String query, List<Crumb> crumbs, Visitor visitor, Assets assets) {

    /** A page above. */
    record Crumb(String name, String link) {}

    /**
     * Who sees a page.
     *
     * @param name what a visitor who has signed in is called; null for others
     * @param signIn the link to sign in; null where that is done, or not possible
     */
    record Visitor(@Nullable String name, @Nullable String signIn) {}
}
