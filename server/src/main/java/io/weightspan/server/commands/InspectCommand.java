package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.codec.container.Container;
import io.weightspan.codec.container.TensorCoding;
import io.weightspan.codec.container.Verification;
import io.weightspan.codec.family.Fidelity;
import io.weightspan.codec.family.RecordDecoder;
import io.weightspan.codec.tensor.TensorInfo;
import io.weightspan.format.v1.Approximation;
import io.weightspan.format.v1.Layer;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.FileKind;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredFiles;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows how the files of a repository are stored: {@code weightspan inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Shows how the files of a repository are stored, tensor by tensor.",
        footer = {
            "%nExamples:",
            "  weightspan inspect --store hub models/bert-tuned-1",
            "  weightspan inspect --store hub models/bert-tuned-1@3f2a9c1 --json"
        })
final class InspectCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    @Parameters(paramLabel = "REPO[@REV]", description = "The repository, and a branch, tag or commit. Default: main.")
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private String revision;

    /** The document that {@code --json} prints. */
    record Document(
            String repo, String revision, String family, long bytes, long storedBytes, List<FileRow> files) {}

    /** One file in it. */
    record FileRow(
            String path,
            long bytes,
            long storedBytes,
            String sha256,
            String fidelity,
            String kind,
            String object,
            double maxAbsError,
            double relativeError,
            @Nullable LayerRow layer,
            List<DependencyRow> dependencies,
            List<TensorRow> tensors) {}

    /** The first layer of a file that has more than that. */
    record LayerRow(long storedBytes, double maxAbsError, double relativeError) {}

    /** An object that a file needs. */
    record DependencyRow(String role, String object, long size, String fileSha256) {}

    /** One tensor of a file; the errors are 0 where it is exact, null where the record states but the file's. */
    record TensorRow(
            String name,
            String dtype,
            List<Long> shape,
            String predictor,
            String residual,
            long bytes,
            long storedBytes,
            long coefficientBytes,
            @Nullable Double maxAbsError,
            @Nullable Double relativeError) {}

    @Override
    public Integer call() throws IOException {
        try (ObjectStore opened = store.open()) {
            Commit commit = Revision.of(revision).in(new Repositories(opened));
            StoredFiles files = new StoredFiles(opened);
            List<FileRow> rows = new ArrayList<>();
            for (CommitFile file : commit.files()) {
                rows.add(row(file, files));
            }
            Document document = new Document(
                    commit.repo().toString(), commit.id(), commit.family(), commit.size(), commit.storedSize(), rows);
            if (output.json()) {
                output.printJson(document);
            } else {
                print(document);
            }
        }
        return ExitStatus.DONE;
    }

    private static FileRow row(CommitFile file, StoredFiles files) throws IOException {
        List<DependencyRow> dependencies = new ArrayList<>();
        List<TensorRow> tensors = new ArrayList<>();
        String fidelity = "exact";
        Approximation approximation = Approximation.getDefaultInstance();
        LayerRow layer = null;
        if (file.kind() == FileKind.RECORD) {
            for (StoredFiles.StoredDependency needed : files.dependencies(file)) {
                dependencies.add(new DependencyRow(
                        lower(needed.role().name().replace("ROLE_", "")),
                        needed.object().hex(),
                        needed.size(),
                        needed.fileSha256().hex()));
            }
            try (RecordDecoder decoder = files.openRecord(file, Verification.STRUCTURE)) {
                addTensors(decoder.container(), tensors);
                if (decoder.front().hasLayer()) {
                    Layer own = decoder.front().getLayer();
                    layer = new LayerRow(
                            decoder.container().header().firstPartLength(),
                            own.getMaxAbsError(),
                            own.getRelativeError());
                }
                if (decoder.front().hasApproximation()) {
                    approximation = decoder.front().getApproximation();
                    double bound = approximation.getBound();
                    fidelity = (bound > 0 ? Fidelity.bounded(bound) : Fidelity.SPAN).toString();
                }
            }
        }
        return new FileRow(
                file.path(),
                file.size(),
                file.storedSize(),
                file.sha256().hex(),
                fidelity,
                lower(file.kind().name()),
                file.object().hex(),
                approximation.getMaxAbsError(),
                approximation.getRelativeError(),
                layer,
                dependencies,
                tensors);
    }

    private static void addTensors(Container container, List<TensorRow> rows) {
        if (container.safetensors().isEmpty()) {
            return;
        }
        TensorCoding coding = container.coding();
        boolean isNear = container.front().hasApproximation();
        for (int t = 0; t < container.tensors().size(); t++) {
            TensorInfo tensor = container.tensors().get(t);
            int index = t;
            long inLayer = container.layer().map(layer -> layer.storedLength(index)).orElse(0L);
            Double error = isNear && !isExact(coding, t) ? null : Double.valueOf(0);
            rows.add(new TensorRow(
                    tensor.name(),
                    tensor.dtype().name(),
                    tensor.shape(),
                    lower(coding.predictor(t).name()),
                    lower(coding.residual(t).name()),
                    tensor.byteLength(),
                    coding.storedLength(t) + inLayer,
                    inLayer,
                    error,
                    error));
        }
    }

    /** Whether a tensor of a record that is not exact is so by its coding. */
    private static boolean isExact(TensorCoding coding, int tensor) {
        boolean isOfOthers = switch (coding.predictor(tensor)) {
            case NONE, BASE, SIBLING -> true;
            default -> false;
        };
        return isOfOthers && switch (coding.residual(tensor)) {
            case EQUAL, BYTES, DIRECT, DELTA -> true;
            default -> false;
        };
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private void print(Document document) {
        output.out().println(document.repo() + " at " + document.revision() + ", family " + document.family() + ": "
                + HumanSize.of(document.bytes()) + " in " + HumanSize.of(document.storedBytes()) + " ("
                + HumanSize.ratio(document.storedBytes(), document.bytes()) + ")");
        output.out().println();
        TextTable files = new TextTable("FILE", "KIND", ">SIZE", ">STORED", ">PART", ">NEEDS", "SHA-256");
        for (FileRow file : document.files()) {
            files.row(
                    file.path(),
                    file.kind(),
                    HumanSize.of(file.bytes()),
                    HumanSize.of(file.storedBytes()),
                    HumanSize.ratio(file.storedBytes(), file.bytes()),
                    Integer.toString(file.dependencies().size()),
                    file.sha256().substring(0, 12));
        }
        files.print(output.out());
        for (FileRow file : document.files()) {
            if (!file.tensors().isEmpty()) {
                output.out().println();
                output.out().println(TextTable.printable(file.path()));
                printTensors(file.tensors());
            }
        }
        output.out().flush();
    }

    private void printTensors(List<TensorRow> rows) {
        TextTable table =
                new TextTable("TENSOR", "DTYPE", "SHAPE", "PREDICTOR", "RESIDUAL", ">SIZE", ">STORED", ">PART");
        for (TensorRow tensor : rows) {
            table.row(
                    tensor.name(),
                    tensor.dtype(),
                    tensor.shape().stream().map(Object::toString).collect(Collectors.joining("x")),
                    tensor.predictor(),
                    tensor.residual(),
                    HumanSize.of(tensor.bytes()),
                    HumanSize.of(tensor.storedBytes()),
                    HumanSize.ratio(tensor.storedBytes(), tensor.bytes()));
        }
        table.print(output.out());
    }
}
