package io.weightspan.codec.basis;

import io.weightspan.codec.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How long fitting takes, with the heap that -Xmx gives. Arguments: FOLDER-OF-MEMBERS, BASE.safetensors or -, THREADS,
 * LEAST (see {@link BasisFile#write}).
 */
public final class FitBenchmark {
    private FitBenchmark() {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        List<SafetensorsFile> members = new ArrayList<>();
        try (Stream<Path> found = Files.walk(Path.of(args[0]))) {
            for (Path path : found.filter(p -> p.toString().endsWith(".safetensors")).sorted().toList()) {
                members.add(SafetensorsFile.open(path));
            }
        }
        Optional<SafetensorsFile> base =
                args[1].equals("-") ? Optional.empty() : Optional.of(SafetensorsFile.open(Path.of(args[1])));
        long start = System.nanoTime();
        List<SharedDirections> slots =
                new BasisFitter(Integer.parseInt(args[2]), bytes -> {}).fit(members, base, List.of());
        double seconds = (System.nanoTime() - start) / 1e9;
        Path file = Files.createTempDirectory("fit").resolve("basis.safetensors");
        int count = BasisFile.write(file, slots, Double.parseDouble(args[3]));
        System.out.printf(
                "%d members, %d slots, %.1f s with at most %d MiB of heap; %d directions, %d bytes uncompressed%n",
                members.size(), slots.size(), seconds, Runtime.getRuntime().maxMemory() >> 20,
                count, Files.size(file));
        Files.delete(file);
        Files.delete(file.getParent());
    }
}
