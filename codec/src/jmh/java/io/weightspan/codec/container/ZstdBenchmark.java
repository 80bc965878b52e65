package io.weightspan.codec.container;

import com.github.luben.zstd.Zstd;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Warmup;

/**
 * The yardstick of every coder of ours: zstd on a mebibyte of bfloat16 values drawn from a normal distribution.
 *
 * <p>An operation is one byte of the values, so the score is megabytes a second.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class ZstdBenchmark {

    private static final int BYTES = 1 << 20;

    @Param({"1", "3"})
    public int level;

    private final byte[] values = new byte[BYTES];
    private byte[] packed = new byte[0];

    @Setup
    public void fill() {
        Random random = new Random(1);
        for (int i = 0; i < BYTES; i += 2) {
            int bits = Float.floatToRawIntBits((float) random.nextGaussian() * 0.02f);
            values[i] = (byte) (bits >>> 16);
            values[i + 1] = (byte) (bits >>> 24);
        }
        packed = Zstd.compress(values, level);
    }

    @Benchmark
    @OperationsPerInvocation(BYTES)
    public byte[] compress() {
        return Zstd.compress(values, level);
    }

    @Benchmark
    @OperationsPerInvocation(BYTES)
    public byte[] decompress() {
        return Zstd.decompress(packed, BYTES);
    }
}
