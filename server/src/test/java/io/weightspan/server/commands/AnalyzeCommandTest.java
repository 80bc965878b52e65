package io.weightspan.server.commands;

import static io.weightspan.server.commands.CommandRuns.run;
import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.server.commands.CommandRuns.Outcome;
import io.weightspan.server.repo.TestModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Runs {@code weightspan analyze} as the command line does, and checks what scripts rely on (design section 7). */
class AnalyzeCommandTest {

    @TempDir
    Path folder;

    private String store;

    @BeforeEach
    void packSixFineTunesOfABase() throws IOException {
        store = folder.resolve("store").toString();
        Path base = TestModels.model(folder.resolve("models/base"), 7, 0, 64);
        for (int i = 1; i <= 6; i++) {
            Path tuned = TestModels.model(folder.resolve("models/tuned-" + i), 7, i, 64);
            // The base is packed into the family itself, and still is no fine-tune.
            assertThat(run("pack", "--store", store, "--base", base.toString(), tuned.toString()).status()).isZero();
        }
    }

    @Test
    void jsonHasTheKeysThatScriptsRelyOn() {
        Outcome outcome = run("analyze", "--store", store, "models", "--json");
        assertThat(outcome.status()).isZero();
        JsonNode json = outcome.json();
        assertThat(json.path("family").asString()).isEqualTo("models");
        assertThat(json.path("members").asInt()).isEqualTo(6);
        assertThat(json.path("base").asString()).isEqualTo("models/base");
        assertThat(json.path("verdict").asString()).startsWith("This family shares nothing that pays: ").endsWith(".");
        assertThat(json.path("slots")).hasSize(2);
        JsonNode slot = json.path("slots").get(0);
        assertThat(slot.path("name").asString()).isEqualTo("layer.0.weight");
        assertThat(slot.path("shape").get(1).asInt()).isEqualTo(64);
        // Differences of 1e-5 on 64 x 64 elements of six members.
        assertThat(slot.path("energy").asDouble()).isBetween(6 * 4096 * 0.8e-10, 6 * 4096 * 1.2e-10);
        assertThat(slot.path("spectrum")).hasSize(6);
        assertThat(slot.path("null_spectrum")).hasSize(6);
        assertThat(slot.path("heldout_error").get(0).path("k").asInt()).isZero();
        assertThat(slot.path("heldout_error").get(0).path("error").asDouble()).isEqualTo(1);
        assertThat(slot.path("center").asString()).isEqualTo("base");
        assertThat(json.path("rates").get(1).path("now").path("direct").asLong()).isPositive();
        assertThat(json.path("rates").get(1).path("tenfold").path("members").asLong()).isEqualTo(60);
    }

    @Test
    void textTellsTheVerdictAndWhatWasLeftOut() throws IOException {
        Path odd = TestModels.model(folder.resolve("models/odd"), 3, 0, 96);
        assertThat(run("pack", "--store", store, odd.toString()).status()).isZero();
        Outcome outcome = run("analyze", "--store", store, "models");
        assertThat(outcome.status()).isZero();
        assertThat(outcome.out())
                .contains("Family models: 6 members, 2 of them held out, 2 slots")
                .contains("differences from models/base")
                .contains("This family shares nothing that pays")
                .contains("ERROR HELD OUT", "layer.1.weight")
                .contains("Left out: models/odd: ");
    }

    @Test
    void pageIsWritten() throws IOException {
        Path page = folder.resolve("page.html");
        Outcome outcome = run("analyze", "--store", store, "models", "--html", page.toString(), "--json");
        assertThat(outcome.status()).isZero();
        assertThat(outcome.json().path("members").asInt()).isEqualTo(6);
        assertThat(Files.readString(page)).contains("<h1>models</h1>", outcome.json().path("verdict").asString());
    }

    @Test
    void unknownFamiliesAreAnsweredWithTheKnown() {
        Outcome outcome = run("analyze", "--store", store, "nobody");
        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.err()).contains("there is no family nobody; the store has models");
        assertThat(run("analyze", "--store", store).status()).isEqualTo(2);
        assertThat(run("analyze", "--store", folder.resolve("none").toString(), "models").status()).isEqualTo(3);
    }

    @Test
    void familiesWithoutWeightsAreUsageErrors() throws IOException {
        Path texts = Files.createDirectories(folder.resolve("texts/one"));
        Files.writeString(texts.resolve("README.md"), "no weights");
        run("pack", "--store", store, texts.toString());
        Outcome outcome = run("analyze", "--store", store, "texts");
        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.err()).contains("family texts has no weights in safetensors");
    }

    @Test
    void helpShowsExamples() {
        Outcome help = run("analyze", "--help");
        assertThat(help.status()).isZero();
        assertThat(help.out()).contains("Examples:", "weightspan analyze --store hub models --html");
    }
}
