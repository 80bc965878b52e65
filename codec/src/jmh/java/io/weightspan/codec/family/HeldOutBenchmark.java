package io.weightspan.codec.family;

import io.weightspan.codec.basis.BasisFile;
import io.weightspan.codec.basis.BasisFitter;
import io.weightspan.codec.basis.SharedDirections;
import io.weightspan.codec.container.Digest;
import io.weightspan.codec.container.MappedSource;
import io.weightspan.codec.container.TensorCoding;
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
 * step, decoded and compared. Writes what the first layers decode to, so that a model's accuracy with them can be
 * measured.
 *
 * <p>Arguments: FAMILY-FOLDER, BASE.safetensors or -, EVERY, LEAST (see {@link BasisFile#write}), OUT-FOLDER, STEP...
 * With - for the base records are of fidelity span, and of adapters the products of factors are fitted. A STEP may be
 * bounded:EPS, too. Each has a folder in OUT-FOLDER with the models and with bytes.csv: of each the stored bytes of its
 * record, or of its first part where the model is what the layer decodes to, and of these its numbers alone: blocks,
 * tables and scales, without digests, names and checksums.
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
        benchmark.plain(held);
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
        List<SharedDirections> slots = base.isPresent() ? List.of() : fitter.fitProducts(members);
        if (slots.isEmpty()) {
            slots = fitter.fit(members, base, List.of());
        }
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

    private EncodeOptions options(String step) {
        if (step.startsWith("bounded:")) {
            return EncodeOptions.DEFAULT.withFidelity(Fidelity.parse(step));
        }
        EncodeOptions options = EncodeOptions.DEFAULT.withStep(Double.parseDouble(step));
        return base.isEmpty() ? options.withFidelity(Fidelity.SPAN) : options;
    }

    private void measure(List<Path> held, BasisReference basis, String step) throws IOException {
        EncodeOptions options = options(step);
        long stored = 0;
        long layers = 0;
        long numbers = 0;
        long weights = 0;
        Path record = out.resolve("held.wspan");
        Path views = Files.createDirectories(out.resolve(step.replace(':', '-')));
        List<String> lines = new ArrayList<>(List.of("model,record,numbers"));
        for (Path path : held) {
            Files.deleteIfExists(record);
            long length = RecordEncoder.encode(path, references, Optional.of(basis), options, record, Progress.NONE)
                    .storedLength();
            Dependencies dependencies = (object, file) -> object.equals(name("base")) && base.isPresent()
                    ? base.get()
                    : basis(basis);
            try (MappedSource source = MappedSource.open(record)) {
                RecordDecoder decoder = RecordDecoder.open(source, dependencies, Verification.FULL);
                decoder.verify(Progress.NONE);
                boolean isBounded = options.fidelity().kind() == Fidelity.Kind.BOUNDED;
                RecordDecoder view = isBounded ? decoder : decoder.layer().orElse(decoder);
                byte[] decoded = new byte[(int) view.length()];
                view.read(0, MemorySegment.ofArray(decoded));
                Path parent = path.getParent();
                Object model = parent == null ? "file" : parent.getFileName();
                Files.write(views.resolve(model + ".safetensors"), decoded);
                weights += view.tensors().stream().mapToLong(TensorInfo::elementCount).sum();
                if (decoder.layer().isPresent()) {
                    layers += decoder.front().getLayer().getDataLength()
                            + decoder.front().getLayer().getIndex().getStoredLength();
                }
                long ofLayer = decoder.container().layer().map(HeldOutBenchmark::numbers).orElse(0L);
                long own = view == decoder ? numbers(decoder.container().coding()) + ofLayer : ofLayer;
                long needed = view == decoder ? length : decoder.container().header().firstPartLength();
                lines.add(model + "," + needed + "," + own);
                stored += length;
                numbers += own;
            }
        }
        Files.write(views.resolve("bytes.csv"), lines);
        System.out.printf("step %s: record %d bytes, %.3f bits a weight, of which numbers %d bytes; layer %d bytes,"
                + " %.3f bits a weight%n",
                step, stored / held.size(), stored * 8.0 / weights, numbers / held.size(), layers / held.size(),
                layers * 8.0 / weights);
    }

    /** What records take without a basis and without loss. */
    private void plain(List<Path> held) throws IOException {
        Path record = out.resolve("held.wspan");
        long stored = 0;
        for (Path path : held) {
            Files.deleteIfExists(record);
            stored += RecordEncoder.encode(path, references, EncodeOptions.DEFAULT, record, Progress.NONE)
                    .storedLength();
        }
        System.out.printf("without a basis, exact: record %d bytes%n", stored / held.size());
    }

    private static long numbers(TensorCoding coding) {
        long bytes = coding.index().getTables().getStoredLength() + coding.index().getScales().getStoredLength();
        for (int t = 0; t < coding.tensors().size(); t++) {
            bytes += coding.storedLength(t);
        }
        return bytes;
    }

    private static DecodedFile basis(BasisReference basis) {
        return basis.segments().getFirst().file();
    }
}
