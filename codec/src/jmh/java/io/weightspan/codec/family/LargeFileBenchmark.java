package io.weightspan.codec.family;

import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Encodes and decodes one file of many gigabytes as a whole process, so that the JVM's heap limit shows what is needed:
 * {@code java -Xmx512m ... LargeFileBenchmark FOLDER [GIBIBYTES [THREADS]]}. Leaves nothing in the folder.
 */
public final class LargeFileBenchmark {
    private LargeFileBenchmark() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        long bytes = (arguments.length > 1 ? Long.parseLong(arguments[1]) : 6) << 30;
        int threads = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1;
        Path baseFile = folder.resolve("base.safetensors");
        Path file = folder.resolve("tuned.safetensors");
        Path record = folder.resolve("record.wspan");
        try {
            GeneratedPair.write(baseFile, file, bytes / 2);
            run(baseFile, file, record, threads);
        } finally {
            Files.deleteIfExists(baseFile);
            Files.deleteIfExists(file);
            Files.deleteIfExists(record);
        }
    }

    private static void run(Path baseFile, Path file, Path record, int threads) throws IOException {
        try (SafetensorsFile base = SafetensorsFile.open(baseFile)) {
            Digest name = Digest.sha256(MemorySegment.ofArray(new byte[0]));
            Reference reference = new Reference(name, name, Role.ROLE_BASE, base, 0);
            long start = System.nanoTime();
            EncodedRecord encoded = RecordEncoder.encode(file, List.of(reference),
                    EncodeOptions.DEFAULT.withThreads(threads), record, Progress.NONE);
            report("encode", encoded.fileLength(), start);
            System.out.printf("stored %d of %d bytes: %.4f%n", encoded.storedLength(), encoded.fileLength(),
                    (double) encoded.storedLength() / encoded.fileLength());
        }
        try (RecordDecoder decoder = RecordDecoder.open(MappedSource.open(record),
                (o, f) -> SafetensorsFile.open(baseFile), Verification.CHUNKS); Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(1 << 24);
            long start = System.nanoTime();
            for (long at = 0; at < decoder.length(); at += piece.byteSize()) {
                decoder.read(at, piece.asSlice(0, Math.min(piece.byteSize(), decoder.length() - at)));
            }
            report("decode", decoder.length(), start);
            start = System.nanoTime();
            decoder.verify(Progress.NONE);
            report("decode and compare every SHA-256", decoder.length(), start);
        }
        Runtime runtime = Runtime.getRuntime();
        System.out.printf("heap: at most %d MiB allowed, %d MiB taken from the system%n", runtime.maxMemory() >> 20,
                runtime.totalMemory() >> 20);
    }

    private static void report(String what, long bytes, long start) {
        System.out.printf("%s: %.1f MB/s%n", what, bytes * 1e3 / (System.nanoTime() - start));
    }
}
