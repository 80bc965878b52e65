package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.repo.TestModels;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs {@code quota} as the command line does. */
class QuotaCommandTest {

    @TempDir
    Path folder;

    private String store;

    @BeforeEach
    void packOne() throws IOException {
        store = folder.resolve("store").toString();
        run("pack", "--store", store, TestModels.model(folder.resolve("ann").resolve("kept"), 7, 1, 64).toString());
    }

    @Test
    void setsListsAndRemoves() {
        assertThat(run("quota", "set", "--store", store, "ann", "1.5GB").status()).isZero();
        assertThat(run("quota", "set", "--store", store, "--default", "2KiB").status()).isZero();
        assertThat(run("quota", "set", "--store", store, "bob", "unlimited").status()).isZero();
        JsonNode json = JsonMapper.shared().readTree(run("quota", "list", "--store", store, "--json").out());
        assertThat(json.path("default_bytes").asLong()).isEqualTo(2048);
        assertThat(json.path("namespaces").path(0).path("namespace").asString()).isEqualTo("ann");
        assertThat(json.path("namespaces").path(0).path("quota_bytes").asLong()).isEqualTo(1_500_000_000L);
        assertThat(json.path("namespaces").path(0).path("own_quota").asBoolean()).isTrue();
        assertThat(json.path("namespaces").path(0).path("used_bytes").asLong()).isPositive();
        assertThat(json.path("namespaces").path(1).path("quota_bytes").isNull()).isTrue();
        assertThat(run("quota", "remove", "--store", store, "ann").status()).isZero();
        Outcome list = run("quota", "list", "--store", store);
        assertThat(list.out().lines()).anyMatch(line -> line.matches("ann +40.6 kB +2.05 kB +1980.0 % +\\(default\\)"));
        Outcome again = run("quota", "remove", "--store", store, "ann");
        assertThat(again.status()).isEqualTo(2);
        assertThat(again.err()).contains("'ann' has no quota of its own");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ann", "ann lots", "../x 1GB", "--default ann 1GB", "ann -1", ""})
    void refusesWhatIsNoQuota(String words) {
        Outcome refused = run(("quota set --store " + store + " " + words).strip().split(" "));
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).isNotEmpty();
    }
}
