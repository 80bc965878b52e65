package io.weightspan.server.commands;

import io.weightspan.cli.ExitStatus;
import io.weightspan.cli.HumanSize;
import io.weightspan.cli.OutputOptions;
import io.weightspan.cli.TextTable;
import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.RefName;
import io.weightspan.server.repo.RepoId;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.repo.StoredBytes;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists the repositories of a store: {@code weightspan list}. */
@Command(
        name = "list",
        mixinStandardHelpOptions = true,
        description = "Lists the repositories of a store, at branch main.",
        footer = {
            "%nExamples:",
            "  weightspan list --store hub",
            "  weightspan list --store hub --json | jq -r '.[].repo'"
        })
final class ListCommand implements Callable<Integer> {

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private StoreOption store;

    @Mixin
    @SuppressWarnings("NullAway.Init") // picocli sets it before it calls the command
    private OutputOptions output;

    /** One repository in the document that {@code --json} prints. */
    record Repo(String repo, String revision, String family, int files, long bytes, long storedBytes) {}

    @Override
    public Integer call() throws IOException {
        List<Repo> repos = new ArrayList<>();
        StoredBytes stored = new StoredBytes();
        try (ObjectStore opened = store.open()) {
            Repositories repositories = new Repositories(opened);
            for (RepoId repo : repositories.list()) {
                Optional<Commit> head = repositories.head(repo, RefName.MAIN);
                if (head.isPresent()) {
                    repos.add(row(head.get()));
                    stored.add(head.get());
                }
            }
        }
        if (output.json()) {
            output.printJson(repos);
        } else {
            print(repos, stored.total());
        }
        return ExitStatus.DONE;
    }

    private static Repo row(Commit commit) {
        return new Repo(
                commit.repo().toString(),
                commit.id(),
                commit.family(),
                commit.files().size(),
                commit.size(),
                commit.storedSize());
    }

    private void print(List<Repo> repos, long storedBytes) {
        if (repos.isEmpty()) {
            output.out().println("The store has no repositories; 'weightspan pack' adds some.");
            output.out().flush();
            return;
        }
        TextTable table = new TextTable("REPOSITORY", "FAMILY", ">FILES", ">SIZE", ">STORED", ">PART", "REVISION");
        for (Repo repo : repos) {
            table.row(
                    repo.repo(),
                    repo.family(),
                    Integer.toString(repo.files()),
                    HumanSize.of(repo.bytes()),
                    HumanSize.of(repo.storedBytes()),
                    HumanSize.ratio(repo.storedBytes(), repo.bytes()),
                    repo.revision().substring(0, 12));
        }
        table.print(output.out());
        long bytes = repos.stream().mapToLong(Repo::bytes).sum();
        output.out()
                .println("In all " + HumanSize.of(bytes) + " in " + HumanSize.of(storedBytes) + " ("
                        + HumanSize.ratio(storedBytes, bytes) + "), what repositories share counted once.");
        output.out().flush();
    }
}
