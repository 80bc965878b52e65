package io.weightspan.codec.kernel;

import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.FloatVector;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The matrix kernel, each method beside what the machine can do at most. Products and peaks are in floating-point
 * operations a nanosecond, which are GFLOP/s; elements of a reconstruction are in elements a nanosecond.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(value = 1, jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "-Xmx2g"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class MatrixBenchmark {
    private static final int SIDE = 4_096;
    private static final int INNER = 256;
    private static final int ROWS = 256;
    private static final int PEAK = 1 << 20;

    /** Which kernel. */
    @Param({"vector", "scalar"})
    public String kernel = "vector";

    private final Random random = new Random(1);
    private final float[] left = floats(INNER * SIDE);
    private final float[] right = floats(INNER * SIDE);
    private final float[] out = new float[ROWS * SIDE];
    private final MatrixPanels panels = MatrixPanels.of(Strided.rows(right, SIDE), INNER, SIDE);
    private final Directions directions = new Directions(INNER, SIDE, left, new byte[INNER]);
    private final int[] coefficients = random.ints(INNER * INNER, 0, 60).map(x -> x < 50 ? 0 : x - 55).toArray();
    private final TurnedMatrix matrix =
            new TurnedMatrix(coefficients, INNER, SIDE, directions, directions, 0.01f);
    private final MemorySegment center = Arena.ofAuto().allocate(2L * out.length);
    private final MemorySegment decoded = Arena.ofAuto().allocate(2L * out.length);

    private float[] floats(int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private MatrixKernel kernel() {
        return kernel.equals("vector") ? new VectorMatrixKernel() : new ScalarMatrixKernel();
    }

    /** Fused: twice what multiplying and adding apart may reach on machines that do either in each unit. */
    @Benchmark
    @OperationsPerInvocation(PEAK)
    public float peakFused() {
        FloatVector one = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, 0.999f);
        FloatVector a = one;
        FloatVector b = one;
        FloatVector c = one;
        FloatVector d = one;
        FloatVector e = one;
        FloatVector f = one;
        FloatVector g = one;
        FloatVector h = one;
        for (int i = 0; i < PEAK / (16 * one.length()); i++) {
            a = a.fma(one, one);
            b = b.fma(one, one);
            c = c.fma(one, one);
            d = d.fma(one, one);
            e = e.fma(one, one);
            f = f.fma(one, one);
            g = g.fma(one, one);
            h = h.fma(one, one);
        }
        return a.add(b).add(c).add(d).add(e).add(f).add(g).add(h).lane(0);
    }

    /** A product of 256 rows, 256 inner indices and 4,096 columns. */
    @Benchmark
    @OperationsPerInvocation(2 * ROWS * INNER * SIDE)
    public float[] product() {
        new MatrixProduct(kernel()).add(Strided.transposed(left, SIDE), ROWS, panels, Strided.rows(out, SIDE));
        return out;
    }

    /** Rows of 4,096 elements, 256 of them combined. */
    @Benchmark
    @OperationsPerInvocation(2 * INNER * SIDE)
    public float[] combine() {
        int[] rows = new int[INNER];
        float[] factors = new float[INNER];
        for (int i = 0; i < INNER; i++) {
            rows[i] = i * SIDE;
            factors[i] = i;
        }
        kernel().combine(factors, rows, INNER, right, out, 0, SIDE);
        return out;
    }

    /** Elements of a first layer of a 4,096 x 4,096 matrix in 256 x 256 directions, with the chosen kernel. */
    @Benchmark
    @OperationsPerInvocation(ROWS * SIDE)
    public float[] reconstruct() {
        matrix.read(0, out.length, out);
        return out;
    }

    /** Their sum with a center, as BF16. */
    @Benchmark
    @OperationsPerInvocation(ROWS * SIDE)
    public MemorySegment center() {
        CentredElements.add(DType.BF16, new CentredElements.Center(center, DType.BF16), out, out.length, decoded);
        return decoded;
    }
}
