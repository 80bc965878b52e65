package io.weightspan.server.repo;

import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.CentredElements;
import io.weightspan.codec.basis.Directions;
import io.weightspan.codec.basis.MemberTensor;
import io.weightspan.codec.basis.TurnedMatrix;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DType;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.FloatElements;
import io.weightspan.codec.tensor.TensorInfo;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A weight file made of coefficients, of tensors given whole, and of the base for the rest; its header is the base's.
 * Memory depends on the largest matrix. For one thread.
 */
final class TurnedFile {

    private static final int RUN = 1 << 16;

    private final FamilyBasis basis;
    private final SafetensorsFile given;
    private final Map<String, TensorInfo> known = new HashMap<>();
    private final Map<String, FamilyBasis.Slot> slots = new HashMap<>();

    /** Indexes in the given file, by the tensor that they make. */
    private final Map<String, Integer> coefficients = new HashMap<>();

    private final Map<String, Integer> whole = new HashMap<>();

    /**
     * Checks what is given.
     *
     * @throws UnfitCoefficientsException if it doesn't fit the basis
     */
    TurnedFile(FamilyBasis basis, SafetensorsFile given) throws UnfitCoefficientsException {
        this.basis = basis;
        this.given = given;
        basis.like().tensors().forEach(tensor -> known.put(tensor.name(), tensor));
        basis.slots().forEach(slot -> slots.put(slot.tensor().name(), slot));
        checkBasis();
        for (int t = 0; t < given.tensors().size(); t++) {
            place(t);
        }
        if (coefficients.isEmpty()) {
            throw new UnfitCoefficientsException(given.name() + " has no tensor SLOT" + BasisExporter.COEFFICIENTS);
        }
        for (TensorInfo tensor : basis.like().tensors()) {
            boolean isGiven = coefficients.containsKey(tensor.name()) || whole.containsKey(tensor.name());
            if (coefficients.containsKey(tensor.name()) && whole.containsKey(tensor.name())) {
                throw unfit(tensor.name(), "is given both whole and by coefficients");
            }
            if (!isGiven && basis.base().isEmpty()) {
                throw unfit(tensor.name(), "is not given, and the family has no base to take it from");
            }
        }
    }

    int slots() {
        return coefficients.size();
    }

    int replaced() {
        return whole.size();
    }

    int kept() {
        return known.size() - coefficients.size() - whole.size();
    }

    /** A basis may have grown since it was exported, as directions are only ever added behind those there are. */
    private void checkBasis() throws UnfitCoefficientsException {
        String named = given.header().metadata().get(BasisExporter.METADATA_KEY);
        String current = BasisExporter.name(basis);
        if (named != null && !(current + ",").startsWith(named + ",")) {
            throw new UnfitCoefficientsException(given.name() + " is of basis " + named
                    + ", the family's is another now: " + current + "; export that and train in it");
        }
    }

    private void place(int t) throws UnfitCoefficientsException {
        TensorInfo tensor = given.tensors().get(t);
        String name = tensor.name();
        if (known.containsKey(name)) {
            checkWhole(tensor, known.get(name));
            whole.put(name, t);
            return;
        }
        String suffix = BasisExporter.COEFFICIENTS;
        String slotName = name.endsWith(suffix) ? name.substring(0, name.length() - suffix.length()) : "";
        FamilyBasis.Slot slot = slots.get(slotName);
        if (slot == null) {
            String why = slotName.endsWith(BasisFitter.PRODUCT)
                    ? "is of a product of two tensors, which has no one pair of factors"
                    : "is neither a tensor of the base nor SLOT" + suffix + " of a slot of the basis ("
                            + slots.keySet().stream().sorted().limit(3).toList() + " and so on; see basis.json)";
            throw unfit(name, why);
        }
        long k = tensor.shape().size() == 2 ? tensor.shape().get(0) : -1;
        long l = tensor.shape().size() == 2 ? tensor.shape().get(1) : -1;
        boolean fits = (slot.left().isPresent() ? k >= 1 && k <= slot.k() : k == slot.k())
                && (slot.right().isPresent() ? l >= 1 && l <= slot.l() : l == slot.l());
        if (tensor.dtype() != DType.F32 || !fits) {
            throw unfit(name, "must be F32 [" + slot.k() + ", " + slot.l() + "] and is " + tensor.dtype() + " "
                    + tensor.shape());
        }
        coefficients.put(slotName, t);
    }

    private static void checkWhole(TensorInfo tensor, @Nullable TensorInfo base) throws UnfitCoefficientsException {
        boolean fits = base != null
                && base.shape().equals(tensor.shape())
                && (base.dtype() == tensor.dtype()
                        || FloatElements.has(base.dtype()) && FloatElements.has(tensor.dtype()));
        if (!fits && base != null) {
            throw unfit(tensor.name(), "must be " + base.dtype() + " " + base.shape() + " as the base's and is "
                    + tensor.dtype() + " " + tensor.shape());
        }
    }

    private static UnfitCoefficientsException unfit(String tensor, String why) {
        return new UnfitCoefficientsException("tensor " + tensor + " " + why);
    }

    /**
     * Writes the file.
     *
     * @throws UnfitCoefficientsException if numbers are not finite
     * @throws IOException if a file can't be read or written
     */
    void write(OutputStream out, Progress progress) throws IOException {
        DecodedFile like = basis.like();
        byte[] schema = new byte[Math.toIntExact(like.schemaLength())];
        like.read(0, MemorySegment.ofArray(schema));
        out.write(schema);
        progress.advance(schema.length);
        WritableByteChannel channel = Channels.newChannel(out);
        for (TensorInfo tensor : like.tensors()) {
            Integer core = coefficients.get(tensor.name());
            Integer replacement = whole.get(tensor.name());
            if (core != null) {
                turn(tensor, core, channel);
            } else if (replacement != null) {
                convert(tensor, new TensorSource(given, given.tensors().get(replacement)), channel);
            } else {
                convert(tensor, new TensorSource(like, tensor), channel);
            }
            progress.advance(tensor.byteLength());
        }
    }

    private void turn(TensorInfo tensor, int core, WritableByteChannel out) throws IOException {
        FamilyBasis.Slot slot = slots.get(tensor.name());
        if (slot == null) {
            throw new IllegalStateException(tensor.name());
        }
        TensorInfo info = given.tensors().get(core);
        int k = Math.toIntExact(info.shape().get(0));
        int l = Math.toIntExact(info.shape().get(1));
        CentredElements.Center numbers = new CentredElements.Center(given.tensor(core), DType.F32);
        float[] c = new float[Math.multiplyExact(k, l)];
        for (int i = 0; i < c.length; i++) {
            c[i] = numbers.value(i);
            if (!Float.isFinite(c[i])) {
                throw unfit(info.name(), "holds " + c[i] + " at [" + i / l + ", " + i % l + "]");
            }
        }
        Directions left = basis.left(slot);
        Directions right = basis.right(slot);
        TurnedMatrix matrix = TurnedMatrix.ofReals(
                c,
                k,
                slot.columns(),
                left == null ? null : left.first(k),
                right == null ? null : right.first(l));
        Optional<MemberTensor> mean = basis.mean(slot);
        TensorSource from = mean.isPresent()
                ? new TensorSource(mean.get().file(), mean.get().tensor())
                : new TensorSource(basis.like(), tensor);
        boolean isCentred = basis.base().isPresent() || mean.isPresent();
        int width = tensor.dtype().bits() / Byte.SIZE;
        int fromWidth = from.info().dtype().bits() / Byte.SIZE;
        float[] difference = new float[RUN];
        for (long at = 0; at < tensor.elementCount(); at += RUN) {
            int n = (int) Math.min(RUN, tensor.elementCount() - at);
            matrix.read(at, n, difference);
            CentredElements.Center center = null;
            if (isCentred) {
                MemorySegment elements = from.read(at * fromWidth, MemorySegment.ofArray(new byte[n * fromWidth]));
                center = new CentredElements.Center(elements, from.info().dtype());
            }
            MemorySegment result = MemorySegment.ofArray(new byte[n * width]);
            CentredElements.add(tensor.dtype(), center, difference, n, result);
            CentredElements.Center rounded = new CentredElements.Center(result, tensor.dtype());
            for (int i = 0; i < n; i++) {
                if (!Float.isFinite(difference[i]) || !Float.isFinite(rounded.value(i))) {
                    throw unfit(info.name(), "makes element " + (at + i) + " of " + tensor.name()
                            + " too large for " + tensor.dtype());
                }
            }
            out.write(result.asByteBuffer());
        }
    }

    /** Writes a tensor as it is, or rounded to the dtype that is wanted. */
    private static void convert(TensorInfo to, TensorSource from, WritableByteChannel out) throws IOException {
        boolean same = to.dtype() == from.info().dtype();
        long units = same ? from.info().byteLength() : to.elementCount();
        int width = same ? 1 : from.info().dtype().bits() / Byte.SIZE;
        double[] values = new double[RUN];
        for (long at = 0; at < units; at += RUN) {
            int n = (int) Math.min(RUN, units - at);
            MemorySegment bytes = from.read(at * width, MemorySegment.ofArray(new byte[n * width]));
            if (!same) {
                FloatElements.read(from.info().dtype(), bytes, n, values);
                bytes = MemorySegment.ofArray(new byte[n * to.dtype().bits() / Byte.SIZE]);
                FloatElements.write(to.dtype(), values, n, bytes);
            }
            out.write(bytes.asByteBuffer());
        }
    }
}
