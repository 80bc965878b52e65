package io.weightspan.client.hub;

import io.weightspan.codec.family.Progress;
import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes the body of a commit: a JSON object a line. Small files are within it, in Base64, as they come from the disk.
 */
final class CommitBody {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Base64.Encoder BASE64 = Base64.getEncoder();

    private CommitBody() {}

    /**
     * Writes a body.
     *
     * @param to a file that is made or overwritten
     * @param message why the commit is made
     * @param parent the commit that it is made upon; empty for whatever the branch points at
     * @param within files whose content is sent with it
     * @param named files that the hub has
     * @param progress hears of the content's bytes
     * @throws HubException of kind {@link HubException.Kind#BAD_FILE} if a file has other bytes than when it was read
     * @throws IOException if a file can't be read, or the body not written
     */
    static void write(Path to, String message, String parent, List<ReadFile> within, List<ReadFile> named,
            Progress progress) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(to))) {
            ObjectNode header = JSON.createObjectNode();
            ObjectNode value = header.put("key", "header").putObject("value").put("summary", message);
            value.put("description", "");
            if (!parent.isEmpty()) {
                value.put("parentCommit", parent);
            }
            line(out, header);
            for (ReadFile file : within) {
                content(out, file, progress);
            }
            for (ReadFile file : named) {
                ObjectNode line = JSON.createObjectNode();
                line.put("key", "lfsFile").putObject("value")
                        .put("path", file.found().path())
                        .put("algo", "sha256")
                        .put("oid", file.sha256().hex())
                        .put("size", file.found().size());
                line(out, line);
            }
        }
    }

    private static void line(OutputStream out, ObjectNode node) throws IOException {
        out.write(JSON.writeValueAsBytes(node));
        out.write('\n');
    }

    private static void content(OutputStream out, ReadFile file, Progress progress) throws IOException {
        String path = JSON.writeValueAsString(file.found().path());
        ascii(out, "{\"key\":\"file\",\"value\":{\"path\":");
        out.write(path.getBytes(StandardCharsets.UTF_8));
        ascii(out, ",\"encoding\":\"base64\",\"content\":\"");
        try (InputStream in = file.open(progress);
                OutputStream encoded = BASE64.wrap(new Unclosed(out))) {
            in.transferTo(encoded);
        }
        ascii(out, "\"}}\n");
    }

    private static void ascii(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** Leaves what is below open: Base64 has its last characters written by closing. */
    private static final class Unclosed extends FilterOutputStream {

        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }
}
