package io.weightspan.server.store.s3;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.weightspan.server.store.AbstractObjectStoreContract;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract on a server of its own process, where one is installed (CONTRIBUTING.md, "An S3 server"). */
class FullServerTest extends AbstractObjectStoreContract {

    private static S3Server server;
    private static S3Server.Properties properties;

    @TempDir
    Path folder;

    private @Nullable S3Location location;

    @BeforeAll
    static void startServer(@TempDir Path data) throws Exception {
        Optional<S3Server> started = FullServer.start(data);
        assumeTrue(started.isPresent(),
                "no S3 server is installed: neither minio on the PATH nor weightspan.s3.server");
        server = started.get();
        properties = server.use();
    }

    @AfterAll
    static void stopServer() throws Exception {
        if (server != null) {
            properties.close();
            server.stop();
        }
    }

    @Override
    protected ObjectStore connect() throws IOException {
        if (location == null) {
            location = new S3Location(server.newBucket(), "");
        }
        return S3ObjectStore.openOrCreate(location, S3Server.settings(folder, 64 << 20));
    }

    @Override
    protected boolean hasLocalFiles() {
        return false;
    }

    @Override
    protected boolean canClean() {
        return false;
    }
}
