package io.weightspan.server.repo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which the Hub's cards name a model's base. */
class ModelCardTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "---\nbase_model: a/b.c-1\n---\n",
                "---\r\nlicense: mit\r\nbase_model: 'a/b.c-1'\r\ntags:\r\n- c/d\r\n---\r\ntext",
                "---\nbase_model: \"a/b.c-1\" # x\n---\n",
                "---\nbase_model:\n- a/b.c-1\nlicense: c/d\n---\n",
                "---\nbase_model:\n  - \"a/b.c-1\"\n---\n",
                "---\nbase_model: [a/b.c-1]\n---\nbase_model: c/d\n"
            })
    void findsTheBase(String readme) {
        assertThat(ModelCard.declared(readme)).containsExactly("a/b.c-1");
    }

    @Test
    void findsSeveral() {
        assertThat(ModelCard.declared("---\nbase_model:\n- a/b\n- c/d\n---\n")).isEqualTo(List.of("a/b", "c/d"));
        assertThat(ModelCard.declared("---\nbase_model: [a/b, c/d]\n---\n")).isEqualTo(List.of("a/b", "c/d"));
    }

    @Test
    void takesALongListAsItIs() {
        String readme = "---\nbase_model:\n" + "  - a/b\n".repeat(100_000) + "---\n";
        assertThat(ModelCard.declared(readme)).hasSize(16).containsOnly("a/b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "base_model: a/b\n",
                "---\nbase_model: a/b\n",
                "---\ntags: a/b\n---\n",
                "---\nbase_model:\n---\na/b",
                "---\nbase_model: ../models/x\n---\n",
                "---\nbase_model: /kaggle/input/x\n---\n",
                "---\nbase_model: null\n---\n",
                "text\n---\nbase_model: a/b\n---\n"
            })
    void findsNoneElse(String readme) {
        assertThat(ModelCard.declared(readme)).isEmpty();
    }
}
