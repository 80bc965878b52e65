package io.weightspan.server.commands;

import io.weightspan.cli.CommandProvider;
import java.util.List;

/** The commands of whoever serves a store. */
public final class ServeCommands implements CommandProvider {

    /** Creates the provider; {@link java.util.ServiceLoader} does. */
    public ServeCommands() {}

    @Override
    public List<Object> commands() {
        return List.of(new ServeCommand(), new TokenCommand(), new QuotaCommand());
    }
}
