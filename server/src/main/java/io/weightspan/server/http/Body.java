package io.weightspan.server.http;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What an answer carries. */
public sealed interface Body {

    /** Returns the number of bytes that are sent. */
    long length();

    /**
     * Gives back what the body holds, whether it was sent or not. Called once.
     *
     * @throws IOException if that fails, which is logged and changes nothing for the client
     */
    default void close() throws IOException {}

    /** A body in memory. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, and copied nowhere
    record Bytes(byte[] bytes) implements Body {

        /** The body without bytes. */
        public static final Bytes EMPTY = new Bytes(new byte[0]);

        @Override
        public long length() {
            return bytes.length;
        }
    }

    /**
     * Part of a file, handed from the file to the socket by the system where it can.
     *
     * @param file open for reading, closed with the body; nobody changes the file meanwhile
     * @param offset of the first byte, at least 0
     * @param length the number of bytes, within the file
     */
    record FileRange(FileChannel file, long offset, long length) implements Body {

        /**
         * Opens part of a file.
         *
         * @throws IOException if the file can't be opened or ends before the part does
         */
        public static FileRange open(Path path, long offset, long length) throws IOException {
            FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
            try {
                if (offset < 0 || length < 0 || offset > file.size() - length) {
                    throw new EOFException(path.getFileName() + " has " + file.size() + " bytes, not " + length
                            + " from " + offset);
                }
                return new FileRange(file, offset, length);
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /**
     * Part of a source, read piece by piece as the client takes it.
     *
     * @param source closed with the body
     * @param offset of the first byte, at least 0
     * @param length the number of bytes, within the source
     */
    record Streamed(ContentSource source, long offset, long length) implements Body {

        @Override
        public void close() throws IOException {
            source.close();
        }
    }
}
