package io.weightspan.server.auth;

import java.util.Locale;

/** What a token lets its bearer do, each role what those before it do too. */
public enum Role {
    /** Read the repositories of its scopes, private ones included. */
    READ,
    /** Create, change, move and delete the repositories of its scopes. */
    WRITE,
    /** The same everywhere, whatever the scopes. */
    ADMIN;

    /** Returns whether this role does what another does. */
    public boolean includes(Role other) {
        return compareTo(other) >= 0;
    }

    /** Returns the role as people write it: {@code read}, {@code write} or {@code admin}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the role of a name.
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public static Role of(String name) {
        for (Role role : values()) {
            if (role.toString().equals(name)) {
                return role;
            }
        }
        throw new IllegalArgumentException("there is no role '" + name + "'; use read, write or admin");
    }
}
