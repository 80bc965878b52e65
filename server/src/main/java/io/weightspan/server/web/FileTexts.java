package io.weightspan.server.web;

import io.weightspan.codec.container.Verification;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads the beginnings of files that are text, however they are stored. Safe for several threads. */
final class FileTexts {

    private final StoredFiles files;

    /** Reads files of a store. */
    FileTexts(ObjectStore store) {
        this.files = new StoredFiles(store);
    }

    /**
     * A file's text.
     *
     * @param text its characters
     * @param isCut whether the file goes on
     */
    record FileText(String text, boolean isCut) {}

    /**
     * Reads a file.
     *
     * @param file the file
     * @param most how many bytes at most
     * @return its text; empty where it holds tensors, isn't UTF-8 or holds control characters other than those of lines
     * @throws IOException if the store can't be read
     */
    Optional<FileText> read(CommitFile file, int most) throws IOException {
        byte[] bytes;
        try (DecodedFile open = files.open(file, Verification.CHUNKS)) {
            if (open.schemaLength() > 0) {
                // Tensors, whose first block needn't be decoded to know that it is no text.
                return Optional.empty();
            }
            bytes = new byte[(int) Math.min(most, open.length())];
            open.read(0, MemorySegment.ofArray(bytes));
        }
        return text(bytes, file.size() > bytes.length);
    }

    private static Optional<FileText> text(byte[] bytes, boolean isCut) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        CharBuffer characters = CharBuffer.allocate(bytes.length);
        // Of a file that was cut, the last character may be cut too: that is no error.
        CoderResult result = decoder.decode(ByteBuffer.wrap(bytes), characters, !isCut);
        if (result.isError()) {
            return Optional.empty();
        }
        String text = characters.flip().toString();
        boolean isBinary = text.chars().anyMatch(c -> Character.isISOControl(c) && "\t\n\f\r".indexOf(c) < 0);
        return isBinary ? Optional.empty() : Optional.of(new FileText(text, isCut));
    }
}
