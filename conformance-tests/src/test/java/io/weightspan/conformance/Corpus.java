package io.weightspan.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The corpus as its manifests describe it. */
final class Corpus {

    private static final Path ROOT = Path.of("corpus");

    private Corpus() {}

    /**
     * One case of a manifest.
     *
     * @param id its immutable name
     * @param requirements the spec ids that it is about
     * @param record the file to read
     * @param objects the dependencies at hand, by digest in hex
     * @param sha256 digest of the decoded file, in hex; empty if the record must be refused
     * @param length bytes of the decoded file, 0 if the record must be refused
     * @param errors the codes to refuse it with, the expected one first; empty if it must be decoded
     * @param roles who must behave so
     * @param layerSha256 digest of the file that the first layer decodes to, in hex; empty if there is none
     */
    record Case(String id, List<String> requirements, Path record, Map<String, Path> objects, Optional<String> sha256,
            long length, List<String> errors, List<String> roles, Optional<String> layerSha256) {

        @Override
        public String toString() {
            return id + " " + requirements;
        }
    }

    /**
     * Reads a manifest.
     *
     * @param group {@code valid} or {@code hostile}
     * @param recipes where the files of recipes are, as {@code ID.wspan}
     * @return the cases in order
     * @throws IOException if the manifest cannot be read
     */
    static List<Case> cases(String group, Path recipes) throws IOException {
        JsonNode manifest =
                JsonMapper.shared().readTree(Files.readString(ROOT.resolve(group).resolve("cases.json")));
        List<Case> cases = new ArrayList<>();
        for (JsonNode entry : manifest.required("cases")) {
            JsonNode input = entry.required("input");
            String id = entry.required("id").asString();
            Path record = input.has("file")
                    ? ROOT.resolve(input.required("file").asString())
                    : recipes.resolve(id + ".wspan");
            Map<String, Path> objects = new TreeMap<>();
            for (Map.Entry<String, JsonNode> object : entry.path("objects").properties()) {
                objects.put(object.getKey(), ROOT.resolve(object.getValue().asString()));
            }
            JsonNode expect = entry.required("expect");
            List<String> errors = new ArrayList<>();
            if (expect.has("error")) {
                errors.add(expect.required("error").asString());
                errors.addAll(strings(entry.path("also_allowed")));
            }
            Optional<String> sha256 =
                    expect.has("sha256") ? Optional.of(expect.required("sha256").asString()) : Optional.empty();
            cases.add(new Case(id, strings(entry.required("requirement_ids")), record, objects, sha256,
                    expect.path("length").asLong(0), errors, strings(entry.required("roles")),
                    Optional.ofNullable(expect.path("layer_sha256").asString(null))));
        }
        return cases;
    }

    private static List<String> strings(JsonNode array) {
        List<String> out = new ArrayList<>();
        for (JsonNode one : array) {
            out.add(one.asString());
        }
        return out;
    }
}
