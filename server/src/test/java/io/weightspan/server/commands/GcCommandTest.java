package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.repo.TestModels;
import io.weightspan.server.store.FolderObjectStore;
import io.weightspan.server.store.ObjectStore;
import io.weightspan.server.store.StoreSession;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;

/** Runs {@code gc} as the command line does, and checks what scripts rely on (design section 7). */
class GcCommandTest {

    @TempDir
    Path folder;

    private String store;

    @BeforeEach
    void packTwo() throws IOException {
        store = folder.resolve("store").toString();
        run("pack", "--store", store, model("kept", 1).toString());
        run("pack", "--store", store, model("gone", 2).toString());
    }

    private Path model(String name, long tune) throws IOException {
        return TestModels.model(folder.resolve("models").resolve(name), 7, tune, 64);
    }

    private void deleteRepo(String repo) throws IOException {
        try (ObjectStore opened = FolderObjectStore.open(Path.of(store))) {
            for (String key : opened.keys("refs/" + repo + "/")) {
                opened.compareAndSet(key, opened.value(key).orElseThrow(), null);
            }
        }
    }

    /** Makes every mark 25 hours old. */
    private void letADayPass() throws IOException {
        long old = System.currentTimeMillis() - Duration.ofHours(25).toMillis();
        try (ObjectStore opened = FolderObjectStore.open(Path.of(store))) {
            for (String key : opened.keys("gc/")) {
                opened.compareAndSet(key, opened.value(key).orElseThrow(), "since " + old + "\n");
            }
        }
    }

    private long bytes() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(store, "objects"))) {
            return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private static void assertNumbers(JsonNode json, long unreachable, long removed, boolean dryRun) {
        assertThat(json.path("unreachable").asLong()).isEqualTo(unreachable);
        assertThat(json.path("removed").asLong()).isEqualTo(removed);
        assertThat(json.path("dry_run").asBoolean()).isEqualTo(dryRun);
        assertThat(json.path("unreachable_objects")).hasSize((int) unreachable);
        long all = 0;
        for (JsonNode one : json.path("unreachable_objects")) {
            assertThat(one.path("object").asString()).matches("[0-9a-f]{64}");
            assertThat(one.path("removed").asBoolean()).isEqualTo(removed > 0);
            all += one.path("bytes").asLong();
        }
        assertThat(json.path("unreachable_bytes").asLong()).isEqualTo(all);
        assertThat(json.path("removed_bytes").asLong()).isEqualTo(removed > 0 ? all : 0);
    }

    @Test
    void documentHasTheKeysThatScriptsRelyOn() throws IOException {
        long before = bytes();
        deleteRepo("models/gone");
        JsonNode first = run("gc", "--store", store, "--json").json();
        assertThat(first.path("objects").asLong()).isEqualTo(9);
        assertThat(first.path("bytes").asLong()).isEqualTo(before);
        assertNumbers(first, 4, 0, false);
        letADayPass();
        assertNumbers(run("gc", "--store", store, "--grace", "26h", "--json").json(), 4, 0, false);
        assertNumbers(run("gc", "--store", store, "--dry-run", "--json").json(), 4, 4, true);
        assertThat(bytes()).isEqualTo(before);
        JsonNode second = run("gc", "--store", store, "--json").json();
        assertNumbers(second, 4, 4, false);
        assertThat(bytes()).isEqualTo(before - second.path("removed_bytes").asLong());
        assertNumbers(run("gc", "--store", store, "--json").json(), 0, 0, false);
        assertThat(run("verify", "--store", store).status()).isZero();
    }

    @Test
    void textTellsWhatGoesAndWhatIsWaiting() throws IOException {
        assertThat(run("gc", "--store", store).out()).startsWith("Removed 0 of 9 objects, ").doesNotContain("more");
        deleteRepo("models/gone");
        assertThat(run("gc", "--store", store).out()).contains("Removed 0 of 9 objects", "4 objects more, ");
        Outcome waiting = run("gc", "--store", store, "--dry-run");
        assertThat(waiting.out()).contains("UNREACHABLE", "stays for now", "Would remove 0 of 9 objects");
        letADayPass();
        assertThat(run("gc", "--store", store, "--dry-run").out()).contains("would be removed", "Would remove 4 of 9");
        assertThat(run("gc", "--store", store).out()).contains("Removed 4 of 9 objects").doesNotContain("more");
    }

    @Test
    void withoutGraceNobodyMayWrite() throws IOException {
        deleteRepo("models/gone");
        try (ObjectStore opened = FolderObjectStore.open(Path.of(store));
                StoreSession session = opened.openSession()) {
            assertThat(session.added()).isEmpty();
            Outcome busy = run("gc", "--store", store, "--grace", "0");
            assertThat(busy.status()).isEqualTo(3);
            assertThat(busy.err()).contains("somebody is writing");
        }
        assertNumbers(run("gc", "--store", store, "--grace", "0", "--json").json(), 4, 4, false);
    }

    @Test
    void damageIsNamedAndNothingIsRemoved() throws IOException {
        deleteRepo("models/gone");
        run("gc", "--store", store);
        letADayPass();
        String object = run("inspect", "--store", store, "models/kept", "--json")
                .json()
                .path("files")
                .get(0)
                .path("object")
                .asString();
        Files.delete(Path.of(store, "objects", object.substring(0, 2), object.substring(2)));
        long before = bytes();
        Outcome bad = run("gc", "--store", store);
        assertThat(bad.status()).isEqualTo(1);
        assertThat(bad.err()).contains("nothing was removed", object, "models/kept");
        assertThat(bytes()).isEqualTo(before);
    }

    @Test
    void wrongUseIsStatus2AndAMissingStore3() {
        for (String grace : List.of("soon", "-1h", "7 d", "1.5h", "P200Y", "40000d", "")) {
            assertThat(run("gc", "--store", store, "--grace", grace).status()).as(grace).isEqualTo(2);
        }
        assertThat(run("gc").status()).isEqualTo(2);
        assertThat(run("gc", "--store", store, "--jobs", "0").status()).isEqualTo(2);
        assertThat(run("gc", "--store", folder.resolve("none").toString()).status()).isEqualTo(3);
        assertThat(run("gc", "--help").out()).contains("--dry-run", "--grace", "WARNING", "Examples:");
    }

    @Test
    void timesAreReadInBothForms() {
        GraceConverter converter = new GraceConverter();
        assertThat(converter.convert("0")).isEqualTo(Duration.ZERO);
        assertThat(converter.convert("45s")).isEqualTo(Duration.ofSeconds(45));
        assertThat(converter.convert("90m")).isEqualTo(Duration.ofMinutes(90));
        assertThat(converter.convert("36h")).isEqualTo(Duration.ofHours(36));
        assertThat(converter.convert("7d")).isEqualTo(Duration.ofDays(7));
        assertThat(converter.convert("2w")).isEqualTo(Duration.ofDays(14));
        assertThat(converter.convert("PT36H")).isEqualTo(Duration.ofHours(36));
        assertThat(converter.convert("p1dt12h")).isEqualTo(Duration.ofHours(36));
        assertThatThrownBy(() -> converter.convert("36")).isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("no time such as");
    }
}
