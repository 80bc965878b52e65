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
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Encodes and decodes 32 MiB of bfloat16 weights on one thread, alone or as a fine-tune of a base; beside it the
 * SHA-256 of the same bytes, which encoding needs twice, as the reference of the run.
 *
 * <p>An operation is one byte of the weights, so the score is megabytes a second. Decoding checks the CRC32C of
 * every block and no digest. With {@code -jvmArgsAppend -Dweightspan.kernels=scalar} the scalar kernels run.
 */
@NullUnmarked // JMH fills the parameter, and the set-up the rest
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 4, time = 3)
@Measurement(iterations = 5, time = 3)
public class RecordBenchmark {
    private static final int BYTES = 32 << 20;

    @Param({"base", "none"})
    public String predictor;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment decoded = arena.allocate(BYTES);
    private Path folder;
    private Path file;
    private SafetensorsFile base;
    private List<Reference> references;
    private RecordDecoder decoder;

    @Setup
    public void encodeOnce() throws IOException {
        folder = Files.createTempDirectory("weightspan-benchmark");
        file = folder.resolve("tuned.safetensors");
        Path baseFile = folder.resolve("base.safetensors");
        GeneratedPair.write(baseFile, file, BYTES / 2);
        base = SafetensorsFile.open(baseFile);
        Digest digest = Digest.sha256(base.bytes());
        references = predictor.equals("base")
                ? List.of(new Reference(digest, digest, Role.ROLE_BASE, base, 0))
                : List.of();
        Path record = folder.resolve("record.wspan");
        EncodedRecord encoded = RecordEncoder.encode(file, references, EncodeOptions.DEFAULT.withThreads(1), record,
                Progress.NONE);
        System.out.printf("%nstored %d of %d bytes: %.4f%n", encoded.storedLength(), encoded.fileLength(),
                (double) encoded.storedLength() / encoded.fileLength());
        decoder = RecordDecoder.open(MappedSource.open(record), (o, f) -> SafetensorsFile.open(baseFile),
                Verification.CHUNKS);
    }

    @TearDown
    public void delete() throws IOException {
        decoder.close();
        base.close();
        arena.close();
        try (var files = Files.list(folder)) {
            for (Path left : files.toList()) {
                Files.delete(left);
            }
        }
        Files.delete(folder);
    }

    @Benchmark
    @OperationsPerInvocation(BYTES)
    public MemorySegment decode() throws IOException {
        decoder.read(decoder.schemaLength(), decoded);
        return decoded;
    }

    @Benchmark
    @OperationsPerInvocation(BYTES)
    public EncodedRecord encode() throws IOException {
        Path out = folder.resolve("again.wspan");
        Files.deleteIfExists(out);
        return RecordEncoder.encode(file, references, EncodeOptions.DEFAULT.withThreads(1), out, Progress.NONE);
    }

    @Benchmark
    @OperationsPerInvocation(BYTES)
    public Digest sha256() {
        return Digest.sha256(decoded);
    }
}
