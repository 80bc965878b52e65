package io.weightspan.server.store.s3;

import java.io.File;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Starts MinIO or the Versity S3 gateway as a process of its own, where one of them is installed. */
final class FullServer {

    private static final int MOST_WAITS = 600;
    private static final int WAIT_MILLIS = 100;

    private FullServer() {}

    /**
     * Starts the program that the system property {@code weightspan.s3.server} names, else {@code minio} from the PATH.
     *
     * @param data an empty folder for what it stores
     */
    static Optional<S3Server> start(Path data) throws Exception {
        return start(named().or(FullServer::installed), data);
    }

    /** As {@link #start}, of the program that the system property names alone. */
    static Optional<S3Server> startNamed(Path data) throws Exception {
        return start(named(), data);
    }

    private static Optional<S3Server> start(Optional<Path> program, Path data) throws Exception {
        return program.isEmpty() ? Optional.empty() : Optional.of(start(program.get(), data));
    }

    private static S3Server start(Path program, Path data) throws Exception {
        int port = freePort();
        String address = "127.0.0.1:" + port;
        boolean isGateway = program.getFileName().toString().startsWith("versitygw");
        ProcessBuilder builder = isGateway
                ? new ProcessBuilder(program.toString(), "--port", address, "posix", data.toString())
                : new ProcessBuilder(program.toString(), "server", "--address", address, "--console-address",
                        "127.0.0.1:" + freePort(), data.toString());
        builder.environment().putAll(Map.of(
                "MINIO_ROOT_USER", S3Server.KEY,
                "MINIO_ROOT_PASSWORD", S3Server.SECRET,
                "ROOT_ACCESS_KEY", S3Server.KEY,
                "ROOT_SECRET_KEY", S3Server.SECRET));
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        S3Server server = new S3Server(URI.create("http://" + address), () -> {
            process.destroy();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        });
        for (int wait = 0; wait < MOST_WAITS; wait++) {
            if (!process.isAlive()) {
                throw new IOException(program + " ended with status " + process.exitValue());
            }
            if (listens(port)) {
                return server;
            }
            Thread.sleep(WAIT_MILLIS);
        }
        server.stop();
        throw new IOException(program + " does not listen");
    }

    private static boolean listens(int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), WAIT_MILLIS);
            return true;
        } catch (ConnectException e) {
            return false;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Optional<Path> named() {
        return Optional.of(System.getProperty("weightspan.s3.server", ""))
                .filter(told -> !told.isEmpty())
                .map(Path::of);
    }

    private static Optional<Path> installed() {
        return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(folder -> Path.of(folder, "minio"))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
