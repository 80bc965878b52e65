package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import io.weightspan.codec.container.ContainerException;
import io.weightspan.codec.family.Progress;
import io.weightspan.codec.safetensors.SafetensorsFile;
import io.weightspan.server.store.ObjectStore;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Makes a repository of coefficients that were trained in a family's directions ({@link BasisExporter}). Safe for
 * several threads and processes on one store.
 */
public final class CoefficientImporter {

    private final ObjectStore store;

    /**
     * Imports into a store.
     *
     * @param store the store, which stays the caller's to close
     */
    public CoefficientImporter(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /**
     * What to import.
     *
     * @param family the family whose directions the coefficients are of
     * @param to the repository that the result becomes
     * @param file the coefficients, and tensors that replace the base's
     * @param configFrom a model whose other files the result gets, or empty for none
     * @param author who imports, for the commit
     * @param jobs how many threads work, at least 1
     * @param force whether a repository that is there and differs gets a new commit
     */
    public record Request(
            String family,
            RepoId to,
            Path file,
            Optional<Commit> configFrom,
            String author,
            int jobs,
            boolean force) {}

    /**
     * What came of an import.
     *
     * @param repo the repository
     * @param slots tensors that coefficients were given for
     * @param replaced tensors that were given whole
     * @param kept tensors that are the base's
     */
    public record Imported(PackedRepo repo, int slots, int replaced, int kept) {}

    /**
     * Imports.
     *
     * @param request what
     * @param listener hears how it goes on
     * @return the repository
     * @throws UnfitCoefficientsException if a tensor's name, shape, dtype or numbers don't fit the family's basis
     * @throws ContainerException if the file isn't a safetensors file
     * @throws RefusedException if the family has no basis, or the target has other files and {@code force} is not set
     * @throws IOException if the store can't be read or written or a record is damaged; in this and all other cases
     *     every branch is as it was before
     */
    public Imported run(Request request, PackListener listener) throws IOException {
        try (FamilyBasis basis = FamilyBasis.open(store, request.family());
                SafetensorsFile given = SafetensorsFile.open(request.file());
                DerivedRepo result = DerivedRepo.create(store)) {
            TurnedFile turned = new TurnedFile(basis, given);
            Progress progress = listener.begins("turning", basis.like().length());
            try (OutputStream out = new BufferedOutputStream(
                    Files.newOutputStream(result.file(basis.path()), StandardOpenOption.CREATE_NEW))) {
                turned.write(out, progress);
            }
            if (request.configFrom().isPresent()) {
                result.copyOthers(request.configFrom().get(), request.jobs());
            }
            String objects =
                    basis.objects().stream().map(one -> one.hex()).collect(Collectors.joining(" and "));
            String message = "Import coefficients of " + turned.slots() + " tensors in basis " + objects;
            Optional<Commit> base = basis.base().flatMap(FamilyBasis.Base::commit);
            DerivedRepo.Target target = new DerivedRepo.Target(
                    request.to(),
                    request.family(),
                    message,
                    request.author(),
                    request.jobs(),
                    PackCoding.EXACT,
                    request.force());
            PackedRepo packed = result.pack(target, base, listener);
            return new Imported(packed, turned.slots(), turned.replaced(), turned.kept());
        }
    }
}
