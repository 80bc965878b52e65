package io.weightspan.server.commands;

import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.Stores;
import java.io.IOException;
import picocli.CommandLine.Option;

/** The option that names the store, for commands to mix in. */
final class StoreOption {

    @Option(
            names = "--store",
            required = true,
            paramLabel = "STORE",
            description = "The store: a folder, or a bucket as s3://BUCKET/PREFIX with the usual AWS_* variables."
                    + " 'pack' makes it where it isn't there.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String location;

    /** Opens the store, which must be there; the caller closes it. */
    ObjectStore open() throws IOException {
        return Stores.open(location);
    }

    /** Opens the store or makes it; the caller closes it. */
    ObjectStore openOrCreate() throws IOException {
        return Stores.openOrCreate(location);
    }
}
