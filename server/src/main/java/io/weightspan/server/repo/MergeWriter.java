package io.weightspan.server.repo;

import io.weightspan.codec.family.Progress;
import io.weightspan.codec.merge.WeightedSum;
import io.weightspan.codec.tensor.FloatElements;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Writes the weight files of a merge, with the headers of the first model's: each tensor summed, or the first model's
 * where it can't be. Memory is a run of elements for each model. For one thread.
 */
final class MergeWriter {

    private static final int MOST_NAMED = 4;

    private final List<WeightFiles> members;
    private final @Nullable WeightFiles base;
    private final boolean keepFirst;
    private final WeightedSum sum;

    /** What becomes of each tensor of the first model's files, by path. */
    private final Map<String, List<Plan>> plans = new LinkedHashMap<>();

    /** Names of tensors by what there is to tell of them. */
    private final Map<String, List<String>> notes = new LinkedHashMap<>();

    /**
     * What becomes of a tensor.
     *
     * @param first the first model's
     * @param others the others'; where it is not summed, those that must be equal
     * @param base the base's, or null
     * @param summed whether it is summed
     */
    private record Plan(
            TensorSource first, List<TensorSource> others, @Nullable TensorSource base, boolean summed) {}

    /**
     * Plans a merge.
     *
     * @param members the models; they stay the caller's to close
     * @param base what they started from, or null
     * @param weights a weight for each model
     * @param keepFirst whether the first model's tensor is taken where shapes differ
     * @throws RefusedException if shapes differ and {@code keepFirst} is not set
     */
    MergeWriter(List<WeightFiles> members, @Nullable WeightFiles base, List<Double> weights, boolean keepFirst)
            throws RefusedException {
        this.members = members;
        this.base = base;
        this.keepFirst = keepFirst;
        sum = new WeightedSum(weights);
        for (WeightFiles.Weights weightsFile : members.getFirst().all()) {
            List<Plan> planned = new ArrayList<>();
            for (TensorInfo tensor : weightsFile.file().tensors()) {
                planned.add(plan(weightsFile.path(), new TensorSource(weightsFile.file(), tensor)));
            }
            plans.put(weightsFile.path(), planned);
        }
        noteDropped();
    }

    private Plan plan(String path, TensorSource first) throws RefusedException {
        TensorInfo info = first.info();
        List<TensorSource> others = new ArrayList<>();
        boolean sums = FloatElements.has(info.dtype());
        for (WeightFiles member : members.subList(1, members.size())) {
            Optional<TensorSource> found = member.find(path, info.name());
            if (found.isEmpty()) {
                note("not all members have; they are the first member's", info.name());
                return new Plan(first, List.of(), null, false);
            }
            if (!found.get().info().shape().equals(info.shape())) {
                if (!keepFirst) {
                    throw new RefusedException("tensor " + info.name() + " has the shape " + info.shape() + " in "
                            + members.getFirst().name() + " and " + found.get().info().shape() + " in "
                            + member.name() + "; take the first member's with --keep-first");
                }
                note("members have in other shapes; they are the first member's", info.name());
                return new Plan(first, List.of(), null, false);
            }
            sums &= FloatElements.has(found.get().info().dtype());
            others.add(found.get());
        }
        return sums ? new Plan(first, others, center(path, info), true) : new Plan(first, others, null, false);
    }

    private @Nullable TensorSource center(String path, TensorInfo info) {
        if (base == null) {
            return null;
        }
        Optional<TensorSource> center = base.find(path, info.name())
                .filter(found -> found.info().shape().equals(info.shape()))
                .filter(found -> FloatElements.has(found.info().dtype()));
        if (center.isEmpty()) {
            note("the base does not have; they are summed themselves", info.name());
        }
        return center.orElse(null);
    }

    private void noteDropped() {
        WeightFiles first = members.getFirst();
        for (WeightFiles member : members.subList(1, members.size())) {
            for (WeightFiles.Weights weights : member.all()) {
                for (TensorInfo tensor : weights.file().tensors()) {
                    if (first.find(weights.path(), tensor.name()).isEmpty()) {
                        note("the first member does not have; they are left out", tensor.name());
                    }
                }
            }
        }
    }

    private void note(String what, String tensor) {
        List<String> named = notes.computeIfAbsent(what, key -> new ArrayList<>());
        if (!named.contains(tensor)) {
            named.add(tensor);
        }
    }

    /** Returns what the user should know, a sentence each; the last only once all files are written. */
    List<String> notes() {
        List<String> told = new ArrayList<>();
        notes.forEach((what, names) -> told.add(names.size() + " tensors that " + what + ": "
                + String.join(", ", names.subList(0, Math.min(MOST_NAMED, names.size())))
                + (names.size() > MOST_NAMED ? ", ..." : "")));
        if (sum.notFinite() > 0) {
            told.add(sum.notFinite() + " elements of the result are not finite: a member's are not, or the sum is too"
                    + " large for its dtype");
        }
        return told;
    }

    /** Returns the bytes that are written in all. */
    long bytes() {
        return members.getFirst().all().stream().mapToLong(file -> file.file().length()).sum();
    }

    /**
     * Writes a file.
     *
     * @param like the first model's
     * @param out where to; stays the caller's to close
     * @param progress hears of the bytes written
     * @throws IOException if a file can't be read or written
     */
    void write(WeightFiles.Weights like, OutputStream out, Progress progress) throws IOException {
        byte[] schema = new byte[Math.toIntExact(like.file().schemaLength())];
        like.file().read(0, MemorySegment.ofArray(schema));
        out.write(schema);
        progress.advance(schema.length);
        WritableByteChannel channel = Channels.newChannel(out);
        for (Plan plan : plans.getOrDefault(like.path(), List.of())) {
            if (plan.summed()) {
                sum(plan, channel, progress);
            } else {
                copy(plan, channel, progress);
            }
        }
    }

    private void sum(Plan plan, WritableByteChannel out, Progress progress) throws IOException {
        TensorInfo info = plan.first().info();
        List<TensorSource> sources = new ArrayList<>(plan.others());
        sources.addFirst(plan.first());
        long count = info.elementCount();
        for (long at = 0; at < count; at += WeightedSum.RUN) {
            int n = (int) Math.min(WeightedSum.RUN, count - at);
            List<WeightedSum.Run> runs = new ArrayList<>();
            for (TensorSource source : sources) {
                runs.add(run(source, at, n));
            }
            TensorSource center = plan.base();
            MemorySegment result = buffer(info, n);
            sum.add(center == null ? null : run(center, at, n), runs, n,
                    new WeightedSum.Run(info.dtype(), result));
            out.write(result.asByteBuffer());
            progress.advance(result.byteSize());
        }
    }

    private static WeightedSum.Run run(TensorSource source, long first, int n) throws IOException {
        TensorInfo info = source.info();
        return new WeightedSum.Run(
                info.dtype(), source.read(first * info.dtype().bits() / Byte.SIZE, buffer(info, n)));
    }

    private static MemorySegment buffer(TensorInfo info, int n) {
        return MemorySegment.ofArray(new byte[n * info.dtype().bits() / Byte.SIZE]);
    }

    /** Writes the first model's tensor, and finds out whether the others' are the same. */
    private void copy(Plan plan, WritableByteChannel out, Progress progress) throws IOException {
        TensorInfo info = plan.first().info();
        boolean same = plan.others().stream().allMatch(other -> other.info().dtype() == info.dtype());
        for (long at = 0; at < info.byteLength(); at += WeightedSum.RUN) {
            int n = (int) Math.min(WeightedSum.RUN, info.byteLength() - at);
            MemorySegment bytes = plan.first().read(at, MemorySegment.ofArray(new byte[n]));
            for (TensorSource other : same ? plan.others() : List.<TensorSource>of()) {
                same &= other.read(at, MemorySegment.ofArray(new byte[n])).mismatch(bytes) < 0;
            }
            out.write(bytes.asByteBuffer());
            progress.advance(n);
        }
        if (!same) {
            note("can't be summed and are not equal; they are the first member's", info.name());
        }
    }
}
