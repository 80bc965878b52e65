package io.weightspan.cli.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A configuration file: YAML, {@code name: value} on each line, the names those of the options. Immutable.
 *
 * @param path where it was read
 * @param entries by name, in order of the file
 */
record ConfigFile(Path path, Map<String, Entry> entries) {

    private static final int MAX_BYTES = 1 << 20;

    /**
     * A value of the file.
     *
     * @param values as text, one but for a list
     * @param line where it stands, from 1 on
     */
    record Entry(List<String> values, int line) {}

    /**
     * Reads a file.
     *
     * @throws ConfigException if it can't be read, or isn't of that form
     */
    static ConfigFile read(Path path) throws ConfigException {
        Map<String, Entry> entries = new LinkedHashMap<>();
        try {
            // Names that appear twice and aliases that multiply are refused by the parser.
            LoadSettings settings = LoadSettings.builder()
                    .setLabel(path.toString())
                    .setAllowNonScalarKeys(true)
                    .build();
            Optional<Node> root = new Compose(settings).composeString(text(path));
            if (root.isPresent()) {
                addAll(path, root.get(), entries);
            }
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().or(e::getContextMark).map(ConfigFile::line).orElse(1);
            throw new ConfigException(path, line, e.getProblem(), e);
        } catch (YamlEngineException e) {
            throw new ConfigException(path + ": " + e.getMessage(), e);
        }
        return new ConfigFile(path, Map.copyOf(entries));
    }

    private static String text(Path path) throws ConfigException {
        try (InputStream in = Files.newInputStream(path)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new ConfigException(path + ": is too large for a configuration file", null);
            }
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (NoSuchFileException e) {
            throw new ConfigException(path + ": there is no such file", e);
        } catch (CharacterCodingException e) {
            throw new ConfigException(path + ": isn't UTF-8", e);
        } catch (IOException e) {
            throw new ConfigException(path + ": can't be read: " + e.getMessage(), e);
        }
    }

    private static void addAll(Path path, Node root, Map<String, Entry> entries) throws ConfigException {
        if (!(root instanceof MappingNode mapping)) {
            throw new ConfigException(path, line(root), "write each option as 'name: value'", null);
        }
        for (NodeTuple tuple : mapping.getValue()) {
            int line = line(tuple.getKeyNode());
            if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
                throw new ConfigException(path, line, "the name of an option is one word", null);
            }
            String name = key.getValue();
            Entry entry = new Entry(values(path, name, tuple.getValueNode()), line);
            if (entries.putIfAbsent(name, entry) != null) {
                throw new ConfigException(path, line, "'" + name + "' stands here a second time", null);
            }
        }
    }

    private static List<String> values(Path path, String name, Node value) throws ConfigException {
        List<Node> nodes = value instanceof SequenceNode list ? list.getValue() : List.of(value);
        List<String> values = new ArrayList<>();
        for (Node node : nodes) {
            if (!(node instanceof ScalarNode scalar) || scalar.getTag().equals(Tag.NULL)) {
                throw new ConfigException(path, line(node), "'" + name + "' has no value of one line", null);
            }
            values.add(scalar.getValue());
        }
        return List.copyOf(values);
    }

    private static int line(Node node) {
        return node.getStartMark().map(ConfigFile::line).orElse(1);
    }

    private static int line(Mark mark) {
        return mark.getLine() + 1;
    }
}
