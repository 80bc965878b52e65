package io.weightspan.client.commands;

import io.weightspan.cli.CommandProvider;
import io.weightspan.cli.ExitStatus;
import io.weightspan.client.cache.WrongObjectException;
import io.weightspan.client.hub.HubException;
import io.weightspan.codec.container.ContainerException;
import java.util.List;
import java.util.OptionalInt;

/** Brings the client's commands and tells what their failures mean. */
public final class ClientCommands implements CommandProvider {

    /** Creates the provider; the command line does, through its service file. */
    public ClientCommands() {}

    @Override
    public List<Object> commands() {
        return List.of(new PullCommand(), new PushCommand());
    }

    @Override
    public OptionalInt exitStatus(Throwable failure) {
        return switch (failure) {
            case HubException hub -> OptionalInt.of(exitStatus(hub.kind()));
            case WrongObjectException _,ContainerException _ -> OptionalInt.of(ExitStatus.DATA_BAD);
            default -> OptionalInt.empty();
        };
    }

    private static int exitStatus(HubException.Kind kind) {
        return switch (kind) {
            case BAD_ANSWER, DAMAGED, WRONG_FILE, BAD_FILE -> ExitStatus.DATA_BAD;
            case FILE_EXISTS, REPO_NOT_FOUND, REVISION_NOT_FOUND -> ExitStatus.USAGE;
            case ENTRY_NOT_FOUND, DENIED, UNTRUSTED, SERVER_FAILED, REFUSED, EXISTS, CONFLICT -> ExitStatus.FAILED;
        };
    }
}
