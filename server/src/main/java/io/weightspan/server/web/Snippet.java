package io.weightspan.server.web;

import io.weightspan.server.repo.Commit;
import io.weightspan.server.repo.CommitFile;
import io.weightspan.server.repo.RefName;
import io.weightspan.server.repo.RepoId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Commands that download a model, to be copied into a shell or a program. Whatever comes from the store is quoted, so
 * that pasting it runs nothing else.
 *
 * @param client what runs it
 * @param language {@code shell} or {@code python}
 * @param text the commands
 */
record Snippet(String client, String language, String text) {

    private static final String ADAPTER = "adapter_config.json";

    /**
     * Returns the commands for every client.
     *
     * @param host where the visitor reached this server, checked
     * @param commit what is downloaded
     * @param revision the revision that the visitor asked for
     */
    static List<Snippet> of(String host, Commit commit, String revision) {
        RepoId repo = commit.repo();
        boolean main = revision.equals(RefName.MAIN);
        String export = "export HF_ENDPOINT=" + host + "\n";
        List<Snippet> snippets = new ArrayList<>();
        snippets.add(new Snippet("hf", "shell",
                export + "hf download " + repo + (main ? "" : " --revision " + shell(revision))));
        String named = main ? "" : ", revision=" + python(revision);
        snippets.add(new Snippet("huggingface_hub", "python", """
                import os
                os.environ["HF_ENDPOINT"] = %s  # before the import

                from huggingface_hub import snapshot_download
                folder = snapshot_download("%s"%s)""".formatted(python(host), repo, named)));
        snippets.add(transformers(host, commit, named));
        snippets.add(new Snippet("weightspan", "shell",
                "weightspan pull " + host + " " + repo + (main ? "" : "@" + shell(revision)) + " --to " + repo.name()));
        largest(commit).ifPresent(file -> {
            String name = file.path().substring(file.path().lastIndexOf('/') + 1);
            // Quoted, and never an option: a name may begin with a hyphen.
            snippets.add(new Snippet("curl", "shell", "curl -fL -o " + shell("./" + name) + " \\\n  "
                    + host + Links.resolve(repo, revision, file.path())));
        });
        // By digest, so that there is no revision in it.
        snippets.add(new Snippet("git-lfs", "shell", "# in a clone of the git repository that these files belong to\n"
                + "git config lfs.url " + host + "/" + repo + ".git/info/lfs\ngit lfs pull"));
        return snippets;
    }

    private static Snippet transformers(String host, Commit commit, String named) {
        String begin = "import os\nos.environ[\"HF_ENDPOINT\"] = " + python(host) + "  # before the import\n\n";
        RepoId repo = commit.repo();
        boolean adapter = commit.files().stream().anyMatch(file -> file.path().equals(ADAPTER));
        if (adapter) {
            return new Snippet("peft", "python", begin + """
                    from peft import PeftModel
                    model = PeftModel.from_pretrained(base_model, "%s"%s)""".formatted(repo, named));
        }
        return new Snippet("transformers", "python", begin + """
                from transformers import AutoModel
                model = AutoModel.from_pretrained("%s"%s)""".formatted(repo, named));
    }

    /** Returns the largest file. */
    private static Optional<CommitFile> largest(Commit commit) {
        return commit.files().stream().max(Comparator.comparingLong(CommitFile::size));
    }

    /** Quotes a word for a POSIX shell where it needs that. */
    static String shell(String word) {
        return word.matches("[A-Za-z0-9._/:@%+-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }

    /** Quotes a text as a Python literal. */
    static String python(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
