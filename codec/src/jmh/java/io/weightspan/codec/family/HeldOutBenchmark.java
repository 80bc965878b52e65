package io.weightspan.codec.family;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.codec.tensor.DecodedFile;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Role;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What members of a family take that its basis was not fitted to: every so manieth file is held out, coded at each
 * step,
 * decoded and compared. Writes what the first layers decode to, so that a model's accuracy with them can be measured.
 *
 * <p>Arguments: FAMILY-FOLDER, BASE.safetensors or -, EVERY, LEAST (see {@link BasisFile#write}), OUT-FOLDER, STEP...
 * With - for the base and LoRA the products of factors are fitted and coded at fidelity span.
 */
public final class HeldOutBenchmark {
    private final Path out;
    private final Optional<SafetensorsFile> base;
    private final List<Reference> references = new ArrayList<>();

    private HeldOutBenchmark(Path out, Optional<Path> basePath) throws IOException {
        this.out = Files.createDirectories(out);
        base = basePath.isEmpty() ? Optional.empty() : Optional.of(SafetensorsFile.open(basePath.get()));
        base.ifPresent(file -> references.add(new Reference(name("base"), name("base"), Role.ROLE_BASE, file, 0)));
    }

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Optional<Path> base = args[1].equals("-") ? Optional.empty() : Optional.of(Path.of(args[1]));
        List<Path> all;
        try (Stream<Path> found = Files.walk(folder)) {
            all = found.filter(path -> path.toString().endsWith(".safetensors")).sorted().toList();
        }
        List<Path> held = new ArrayList<>();
        List<SafetensorsFile> fitted = new ArrayList<>();
        for (int i = 0; i < all.size(); i++) {
            if (i % Integer.parseInt(args[2]) == 0) {
                held.add(all.get(i));
            } else {
                fitted.add(SafetensorsFile.open(all.get(i)));
            }
        }
        HeldOutBenchmark benchmark = new HeldOutBenchmark(Path.of(args[4]), base);
        BasisReference basis = benchmark.fit(fitted, Double.parseDouble(args[3]));
        for (int i = 5; i < args.length; i++) {
            benchmark.measure(held, basis, args[i]);
        }
    }

    /** There is no store here: any digest will do that is the same each time. */
    private static Digest name(String text) {
        return Digest.sha256(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
    }

    private BasisReference fit(List<SafetensorsFile> members, double least) throws IOException {
        long start = System.nanoTime();
        BasisFitter fitter = new BasisFitter(Runtime.getRuntime().availableProcessors(), bytes -> {});
        List<SharedDirections> slots =
                base.isPresent() ? fitter.fit(members, base, List.of()) : fitter.fitProducts(members);
        double seconds = (System.nanoTime() - start) / 1e9;
        Path file = out.resolve("basis.safetensors");
        Path record = out.resolve("basis.wspan");
        Files.deleteIfExists(file);
        Files.deleteIfExists(record);
        int count = BasisFile.write(file, slots, least);
        EncodedRecord stored =
                RecordEncoder.encode(file, List.of(), EncodeOptions.DEFAULT, record, Progress.NONE);
        System.out.printf("fitted %d directions of %d slots to %d members in %.1f s; stored in %d bytes%n",
                count, slots.size(), members.size(), seconds, stored.storedLength());
        return BasisReference.of(name("basis"), name("basis"), SafetensorsFile.open(file));
    }

    private void measure(List<Path> held, BasisReference basis, String step) throws IOException {
        EncodeOptions options = EncodeOptions.DEFAULT.withStep(Double.parseDouble(step));
        if (base.isEmpty()) {
            options = options.withFidelity(Fidelity.SPAN);
        }
        long plain = 0;
        long layered = 0;
        long layers = 0;
        long blocks = 0;
        long weights = 0;
        Path record = out.resolve("held.wspan");
        Path views = Files.createDirectories(out.resolve(step));
        for (Path path : held) {
            Files.deleteIfExists(record);
            plain += RecordEncoder.encode(path, references, EncodeOptions.DEFAULT, record, Progress.NONE)
                    .storedLength();
            Files.delete(record);
            layered += RecordEncoder.encode(path, references, Optional.of(basis), options, record, Progress.NONE)
                    .storedLength();
            Dependencies dependencies = (object, file) -> object.equals(name("base")) && base.isPresent()
                    ? base.get()
                    : basis(basis);
            try (MappedSource source = MappedSource.open(record)) {
                RecordDecoder decoder = RecordDecoder.open(source, dependencies, Verification.FULL);
                decoder.verify(Progress.NONE);
                RecordDecoder view = decoder.layer().orElse(decoder);
                byte[] decoded = new byte[(int) view.length()];
                view.read(0, MemorySegment.ofArray(decoded));
                Path parent = path.getParent();
                Files.write(views.resolve(parent == null ? "file" : parent.getFileName() + ".safetensors"), decoded);
                weights += view.tensors().stream().mapToLong(TensorInfo::elementCount).sum();
                if (decoder.layer().isPresent()) {
                    layers += decoder.front().getLayer().getDataLength()
                            + decoder.front().getLayer().getIndex().getStoredLength();
                } else {
                    for (int t = 0; t < decoder.tensors().size(); t++) {
                        blocks += decoder.container().coding().storedLength(t);
                    }
                }
            }
        }
        System.out.printf("step %s: record %d bytes (without a layer %d), %.3f bits a weight; layer %d bytes,"
                + " %.3f bits a weight; blocks of a record without a layer %d bytes%n",
                step, layered / held.size(), plain / held.size(), layered * 8.0 / weights, layers / held.size(),
                layers * 8.0 / weights, blocks / held.size());
    }

    private static DecodedFile basis(BasisReference basis) {
        return basis.segments().getFirst().file();
    }
}
