package io.weightspan.server.store.s3;

import io.weightspan.server.store.AbstractObjectStoreContract;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Runs the contract on a bucket of a server; here of one in this process. */
class S3ObjectStoreTest extends AbstractObjectStoreContract {

    private static S3Server server;
    private static S3Server.Properties properties;

    @TempDir
    Path folder;

    private @Nullable S3Location location;

    @BeforeAll
    static void startServer() throws Exception {
        server = S3Server.start();
        properties = server.use();
    }

    @AfterAll
    static void stopServer() throws Exception {
        properties.close();
        server.stop();
    }

    @Override
    protected ObjectStore connect() throws IOException {
        if (location == null) {
            location = new S3Location(server.newBucket(), "some/prefix");
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
