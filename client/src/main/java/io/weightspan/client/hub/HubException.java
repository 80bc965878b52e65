package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Says why a server's answer cannot be used. */
public final class HubException extends IOException {

    private static final long serialVersionUID = 1L;

    private final Kind kind;

    HubException(Kind kind, String message) {
        this(kind, message, null);
    }

    HubException(Kind kind, String message, @Nullable Throwable cause) {
        super(requireNonNull(message, "message is null"), cause);
        this.kind = kind;
    }

    /** Returns what went wrong. */
    public Kind kind() {
        return kind;
    }

    /** What can go wrong. */
    public enum Kind {
        /** The server has no such repo. */
        REPO_NOT_FOUND,
        /** The repo has no such branch, tag or commit. */
        REVISION_NOT_FOUND,
        /** The revision has no such file, or the server no such object. */
        ENTRY_NOT_FOUND,
        /** The server wants a token, or another one. */
        DENIED,
        /** The server shows a certificate that we don't trust, or the file of those that we do can't be used. */
        UNTRUSTED,
        /** The server failed, or goes on failing. */
        SERVER_FAILED,
        /** What the server has stored is damaged, by its own account. */
        DAMAGED,
        /** The server's answer is not what the protocol says, or names something that no file may be called. */
        BAD_ANSWER,
        /** A file does not decode to what the server promised. */
        WRONG_FILE,
        /** A file is there already and differs. */
        FILE_EXISTS,
        /** The server refuses what it is sent: it has no room, or what is sent can't be. */
        REFUSED,
        /** The server has something of that name already. */
        EXISTS,
        /** Somebody else has changed the branch meanwhile. */
        CONFLICT,
        /** A file to send can't be sent: its name, or that it changes meanwhile. */
        BAD_FILE
    }
}
