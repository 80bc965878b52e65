package io.weightspan.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.family.RecordDecoder;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mutants of valid records, checksums made anew: the codec answers as the second reader does, code for code. */
class MutantsTest {

    private static final String SEED = System.getProperty("weightspan.mutants.seed", "1");
    private static final String COUNT = System.getProperty("weightspan.mutants.count", "1500");

    @TempDir
    private Path folder;

    @Test
    void bothReadersSayTheSameOfEveryMutant() throws Exception {
        Python.Result made = Python.module(
                "weightspan_corpus", "mutants", folder.toString(), "--seed", SEED, "--count", COUNT);
        assertThat(made.status()).as(made.output()).isZero();
        List<String> differences = new ArrayList<>();
        List<String> lines = Files.readAllLines(folder.resolve("list.txt"));
        for (String line : lines) {
            List<String> words = List.of(line.split(" ", -1));
            String answer = answer(words.getFirst());
            if (!words.subList(1, words.size()).contains(answer)) {
                differences.add("mutant " + line + ", the codec says " + answer);
            }
        }
        assertThat(lines).hasSize(Integer.parseInt(COUNT));
        assertThat(differences).as("seed %s", SEED).isEmpty();
    }

    private String answer(String mutant) throws IOException {
        Map<String, Path> objects = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder.resolve(mutant + ".objects"))) {
            files.forEach(file -> objects.put(file.getFileName().toString(), file));
        }
        ObjectFolder dependencies = new ObjectFolder(objects, Verification.FULL);
        try (MappedSource source = MappedSource.open(folder.resolve(mutant + ".wspan"));
                RecordDecoder record = RecordDecoder.open(source, dependencies, Verification.FULL)) {
            record.verify(Progress.NONE);
            byte[] file = new byte[Math.toIntExact(record.length())];
            record.read(0, MemorySegment.ofArray(file));
            return Digest.sha256(MemorySegment.ofArray(file)).hex();
        } catch (ContainerException refused) {
            return refused.code().name();
        }
    }
}
