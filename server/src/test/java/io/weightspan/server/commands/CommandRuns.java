package io.weightspan.server.commands;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.cli.Weightspan;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.safetensors.SchemaWriter;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs host commands, and writes and reads small weight files for them. */
final class CommandRuns {

    private CommandRuns() {}

    /** What a command has left behind. */
    record Outcome(int status, String out, String err) {

        JsonNode json() {
            assertThat(status).as(err).isZero();
            return JsonMapper.shared().readTree(out);
        }
    }

    /** A matrix, or a vector of {@code columns} 0. */
    record Matrix(int rows, int columns, float[] values) {

        List<Long> shape() {
            return columns == 0 ? List.of((long) rows) : List.of((long) rows, (long) columns);
        }
    }

    /** The tensors of a file. */
    record Tensors(Map<String, Matrix> byName) {

        Matrix get(String name) {
            return requireNonNull(byName.get(name), name);
        }
    }

    /** Runs the command line as its main method does, without ending the process. */
    static Outcome run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Weightspan.commandLine(List.of(new HostCommands(), new ServeCommands()));
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
        int status = line.execute(arguments);
        return new Outcome(status, out.toString(), err.toString());
    }

    /** Writes F32 tensors. */
    static Path write(Path file, Map<String, Matrix> tensors, Map<String, String> metadata) throws IOException {
        List<TensorInfo> infos = new ArrayList<>();
        long at = 0;
        for (Map.Entry<String, Matrix> tensor : tensors.entrySet()) {
            long end = at + (long) tensor.getValue().values().length * Float.BYTES;
            infos.add(new TensorInfo(tensor.getKey(), DType.F32, tensor.getValue().shape(), at, end));
            at = end;
        }
        byte[] schema = SchemaWriter.schema(infos, metadata);
        ByteBuffer out = ByteBuffer.allocate((int) (schema.length + at)).order(ByteOrder.LITTLE_ENDIAN).put(schema);
        for (Matrix tensor : tensors.values()) {
            for (float value : tensor.values()) {
                out.putFloat(value);
            }
        }
        Files.createDirectories(file.getParent());
        return Files.write(file, out.array());
    }

    /** Reads F32 tensors. */
    static Tensors read(Path file) throws IOException {
        Map<String, Matrix> tensors = new LinkedHashMap<>();
        try (SafetensorsFile opened = SafetensorsFile.open(file)) {
            for (int t = 0; t < opened.tensors().size(); t++) {
                TensorInfo info = opened.tensors().get(t);
                float[] values = new float[(int) info.elementCount()];
                opened.tensor(t).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
                int columns = info.shape().size() < 2 ? 0 : info.shape().get(1).intValue();
                tensors.put(info.name(), new Matrix(info.shape().getFirst().intValue(), columns, values));
            }
        }
        return new Tensors(tensors);
    }
}
