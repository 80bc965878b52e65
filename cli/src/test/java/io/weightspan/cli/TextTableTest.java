package io.weightspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TextTableTest {

    @Test
    void alignsColumns() {
        assertThat(print(new TextTable("repo", ">bytes", "family")
                .row("a/long-name", "1", "vit")
                .row("b/c", "20,000", "")))
                .isEqualToNormalizingNewlines("""
                        repo          bytes  family
                        a/long-name       1  vit
                        b/c          20,000
                        """);
    }

    @Test
    void showsWhatATerminalWouldObeyAsQuestionMarks() {
        assertThat(TextTable.printable("a\u001b[2Jb\nc\u202Ed\u2028")).isEqualTo("a?[2Jb?c?d?");
        assertThat(TextTable.printable("näme 😀")).isEqualTo("näme 😀");
        assertThat(TextTable.printable("\uD800")).isEqualTo("?");
    }

    @Test
    void refusesRowsOfAnotherWidth() {
        assertThatThrownBy(() -> new TextTable("a").row("1", "2")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(TextTable::new).isInstanceOf(IllegalArgumentException.class);
    }

    private static String print(TextTable table) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text);
        table.print(out);
        out.flush();
        return text.toString();
    }
}
