package io.weightspan.server.commands;

import io.weightspan.cli.ByteSize;
import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.server.quota.Quota;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code weightspan quota}: sets, lists and removes what the namespaces of a store may hold. */
@Command(
        name = "quota",
        mixinStandardHelpOptions = true,
        description = "Limits how much the repositories of a namespace may hold.",
        subcommands = {QuotaCommand.Set.class, QuotaCommand.Show.class, QuotaCommand.Remove.class},
        footerHeading = "%nExamples:%n",
        footer = {
            "  weightspan quota set --store hub ann 500GB",
            "  weightspan quota set --store hub --default 50GB",
            "  weightspan quota set --store hub archive unlimited",
            "  weightspan quota list --store hub",
            "  weightspan quota remove --store hub ann",
            "",
            "A namespace is charged for each different file of its repositories and their history once, by the file's",
            "own size, and for what was sent to it and not committed yet. 'weightspan serve' refuses what is more,",
            "within seconds of a change; 'pack' is the operator's and is not refused."
        })
final class QuotaCommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private CommandSpec spec;

    @Override
    public Integer call() {
        throw new ParameterException(spec.commandLine(), "say what to do: set, list or remove");
    }

    /** What a subcommand changes, for it to mix in: the quota of a namespace, or of those without one of their own. */
    static final class Target {

        @Spec(Spec.Target.MIXEE)
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private CommandSpec spec;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private StoreOption store;

        @Option(names = "--default", description = "Each namespace for which no quota of its own is set.")
        private boolean all;

        /** Gives a quota, which is only looked at once it is known whose it is. */
        @FunctionalInterface
        interface Given {

            /** Gives it. */
            Optional<Quota> quota();
        }

        /**
         * Sets the quota, or takes it away.
         *
         * @param namespace the namespace, if one is named
         * @return whether there was one
         * @throws ParameterException if a namespace is named as well as --default, or neither, or one is none
         */
        boolean set(@Nullable String namespace, Given given) throws IOException {
            if (all == (namespace != null)) {
                throw new ParameterException(spec.commandLine(), "name either a namespace or --default");
            }
            try (ObjectStore opened = store.open()) {
                return new Quotas(new Repositories(opened)).set(Optional.ofNullable(namespace), given.quota());
            } catch (IllegalArgumentException e) {
                throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
            }
        }
    }

    /** Sets a quota. */
    @Command(name = "set", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Sets how much a namespace may hold.")
    static final class Set implements Callable<Integer> {

        @Mixin
        private final Target target = new Target();

        @Parameters(arity = "1..2", paramLabel = "[NAMESPACE] SIZE",
                description = "The namespace, unless --default is given, and its bytes, such as 500GB or 2TiB; or"
                        + " unlimited.")
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private List<String> words;

        @Override
        public Integer call() throws IOException {
            target.set(words.size() == 2 ? words.getFirst() : null, () -> Optional.of(quota(words.getLast())));
            return ExitStatus.DONE;
        }

        private static Quota quota(String text) {
            return text.equals("unlimited") ? Quota.UNLIMITED : new Quota(ByteSize.parse(text));
        }
    }

    /** Takes a quota away. */
    @Command(name = "remove", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Takes a quota away; that of --default counts then, where it is set.")
    static final class Remove implements Callable<Integer> {

        @Spec
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private CommandSpec spec;

        @Mixin
        private final Target target = new Target();

        @Parameters(arity = "0..1", paramLabel = "NAMESPACE", description = "The namespace, unless --default is given.")
        private @Nullable String namespace;

        @Override
        public Integer call() throws IOException {
            if (!target.set(namespace, Optional::empty)) {
                throw new ParameterException(spec.commandLine(), namespace == null
                        ? "there is no quota by default"
                        : "'" + namespace + "' has no quota of its own");
            }
            return ExitStatus.DONE;
        }
    }

    /**
     * A namespace as {@code --json} prints it.
     *
     * @param quotaBytes how much it may hold; null for as much as there is room for
     * @param ownQuota whether that is set for itself
     */
    record Row(
            String namespace, long usedBytes, @Nullable Long quotaBytes, boolean ownQuota) {}

    /**
     * What {@code --json} prints.
     *
     * @param defaultBytes the quota by default; null where there is none
     */
    record Document(@Nullable Long defaultBytes, List<Row> namespaces) {}

    /** Lists the namespaces, what they hold and what they may. */
    @Command(name = "list", mixinStandardHelpOptions = true, sortOptions = false,
            description = "Lists the namespaces, what they hold and what they may hold.")
    static final class Show implements Callable<Integer> {

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private StoreOption store;

        @Mixin
        @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
        private OutputOptions output;

        @Override
        public Integer call() throws IOException {
            Document document;
            try (ObjectStore opened = store.open()) {
                document = read(new Repositories(opened));
            }
            if (output.json()) {
                output.printJson(document);
            } else {
                print(document);
            }
            return ExitStatus.DONE;
        }

        private static Document read(Repositories repositories) throws IOException {
            Quotas quotas = new Quotas(repositories);
            Map<String, Quota> own = quotas.list();
            Quota byDefault = quotas.byDefault();
            NavigableSet<String> names = new TreeSet<>(own.keySet());
            repositories.list().stream().map(RepoId::namespace).forEach(names::add);
            List<Row> rows = new ArrayList<>();
            for (String name : names) {
                Quota quota = own.getOrDefault(name, byDefault);
                rows.add(new Row(name, quotas.used(name), bytes(quota), own.containsKey(name)));
            }
            return new Document(bytes(byDefault), rows);
        }

        private static @Nullable Long bytes(Quota quota) {
            return quota.isUnlimited() ? null : quota.bytes();
        }

        private void print(Document document) {
            TextTable table = new TextTable("NAMESPACE", ">HOLDS", ">MAY HOLD", ">PART", "");
            for (Row row : document.namespaces()) {
                Long quota = row.quotaBytes();
                table.row(
                        row.namespace(),
                        HumanSize.of(row.usedBytes()),
                        quota == null ? "unlimited" : HumanSize.of(quota),
                        quota == null || quota == 0 ? "" : HumanSize.ratio(row.usedBytes(), quota),
                        row.ownQuota() ? "" : "(default)");
            }
            table.print(output.out());
            output.out().flush();
        }
    }
}
