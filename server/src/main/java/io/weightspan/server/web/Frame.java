package io.weightspan.server.web;

import java.util.List;

/**
 * What stands around the content of every page.
 *
 * @param title what the page is about
 * @param query what the search field holds
 * @param crumbs the pages above this one, without the first
 * @param assets where style sheets and scripts are
 */
record Frame(String title, String query, List<Crumb> crumbs, Assets assets) {

    /** A page above. */
    record Crumb(String name, String link) {}

    /** A page right below the first. */
    Frame(String title, Assets assets) {
        this(title, "", List.of(), assets);
    }
}
