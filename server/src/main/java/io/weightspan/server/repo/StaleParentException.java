package io.weightspan.server.repo;

import java.io.IOException;

/** A branch doesn't point at the commit that a change was made for. */
public final class StaleParentException extends IOException {

    private static final long serialVersionUID = 1L;

    StaleParentException(String branch, String now, String expected) {
        super("branch " + branch + " is at " + now + ", not at " + expected
                + ": somebody else has changed it; look at their change and try again");
    }
}
