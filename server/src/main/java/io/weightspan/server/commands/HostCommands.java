package io.weightspan.server.commands;

import io.weightspan.cli.CommandProvider;
import io.weightspan.cli.ExitStatus;
import io.weightspan.codec.container.ContainerException;
import io.weightspan.server.repo.CorruptStoreException;
import io.weightspan.server.repo.InvalidNameException;
import io.weightspan.server.repo.NotFoundException;
import io.weightspan.server.repo.NothingToPackException;
import io.weightspan.server.repo.RefusedException;
import io.weightspan.server.repo.UnfitCoefficientsException;
import io.weightspan.server.repo.UnsafeFileException;
import io.weightspan.server.tls.TlsException;
import java.util.List;
import java.util.OptionalInt;

/** The commands of whoever keeps a store. */
public final class HostCommands implements CommandProvider {

    /** Creates the provider; {@link java.util.ServiceLoader} does. */
    public HostCommands() {}

    @Override
    public List<Object> commands() {
        return List.of(
                new PackCommand(),
                new ListCommand(),
                new InspectCommand(),
                new UnpackCommand(),
                new VerifyCommand(),
                new AnalyzeCommand(),
                new MergeCommand(),
                new GcCommand(),
                new ExportBasisCommand(),
                new ImportCoefficientsCommand());
    }

    @Override
    public OptionalInt exitStatus(Throwable failure) {
        return switch (failure) {
            case ContainerException e -> OptionalInt.of(ExitStatus.DATA_BAD);
            case CorruptStoreException e -> OptionalInt.of(ExitStatus.DATA_BAD);
            case UnsafeFileException e -> OptionalInt.of(ExitStatus.DATA_BAD);
            case UnfitCoefficientsException e -> OptionalInt.of(ExitStatus.DATA_BAD);
            case TlsException e -> OptionalInt.of(ExitStatus.DATA_BAD);
            case RefusedException e -> OptionalInt.of(ExitStatus.USAGE);
            case NothingToPackException e -> OptionalInt.of(ExitStatus.USAGE);
            case InvalidNameException e -> OptionalInt.of(ExitStatus.USAGE);
            case NotFoundException e -> OptionalInt.of(ExitStatus.USAGE);
            default -> OptionalInt.empty();
        };
    }
}
