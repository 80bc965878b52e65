package io.weightspan.codec.container;

import static org.assertj.core.api.Assertions.assertThat;

import io.weightspan.codec.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tables of the format's text and the constants of the code say the same. */
class SpecTablesTest {
    private static final Path FORMAT = Path.of("../format-spec");

    /** The rows of the table under a heading, without its head. */
    private static List<List<String>> table(String file, String heading) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        boolean within = false;
        for (String line : Files.readAllLines(FORMAT.resolve(file))) {
            if (line.startsWith("## ")) {
                within = line.equals("## " + heading);
            } else if (within && line.startsWith("|")) {
                rows.add(Stream.of(line.substring(1).split("\\|", -1)).map(String::strip).toList());
            }
        }
        assertThat(rows).as(heading).hasSizeGreaterThan(2);
        return rows.subList(2, rows.size());
    }

    @Test
    void errorCodesStandInTheOrderOfSection9() throws IOException {
        assertThat(table("spec.md", "9. Errors")).extracting(row -> row.get(1).replace("`", ""))
                .containsExactlyElementsOf(Stream.of(ErrorCode.values()).map(ErrorCode::name).toList());
    }

    @Test
    void limitsAreThoseOfSection10() throws IOException {
        Map<String, Long> limits = new LinkedHashMap<>();
        limits.put("R-LIM-001", Limits.FRONT_BYTES);
        limits.put("R-LIM-002", Limits.INDEX_BYTES);
        limits.put("R-LIM-003", Limits.JSON_BYTES);
        limits.put("R-LIM-004", (long) Limits.TENSORS);
        limits.put("R-LIM-005", (long) Limits.DIMENSIONS);
        limits.put("R-LIM-006", (long) Limits.NAME_BYTES);
        limits.put("R-LIM-007", (long) Limits.DEPENDENCIES);
        limits.put("R-LIM-008", (long) Limits.TABLES);
        limits.put("R-LIM-009", (long) Limits.TABLE_SETS);
        limits.put("R-LIM-010", Limits.SCALES_BYTES);
        limits.put("R-LIM-011", Limits.FILE_BYTES);
        limits.put("R-LIM-012", (long) Limits.EXTENSIONS);
        limits.put("R-LIM-013", Limits.TABLES_BYTES);
        limits.put("R-LIM-014", (long) Limits.DEPTH);
        limits.put("R-LIM-015", Limits.TURNED);
        limits.put("R-LIM-016", (long) Limits.DIRECTIONS);
        limits.put("R-LIM-017", Limits.CORE);
        limits.put("R-LIM-018", Limits.ONE_CHECKSUM);
        limits.put("R-LIM-019", Limits.INNER);
        Map<String, Long> written = new LinkedHashMap<>();
        for (List<String> row : table("spec.md", "10. Limits")) {
            String value = row.get(2).replace(",", "");
            written.put(row.get(0), value.startsWith("2^")
                    ? 1L << Integer.parseInt(value.substring(2))
                    : Long.parseLong(value));
        }
        assertThat(written).isEqualTo(limits);
    }

    @Test
    void dtypesAreThoseOfTheRegistry() throws IOException {
        List<String> names = new ArrayList<>();
        for (List<String> row : table("registry.md", "dtypes")) {
            for (String name : row.get(0).split(", ", -1)) {
                names.add(name);
                DType dtype = DType.of(name).orElseThrow();
                assertThat(dtype.bits()).as(name).isEqualTo(Integer.parseInt(row.get(1)));
                assertThat(dtype.exponentBits()).as(name).isEqualTo(number(row.get(2)));
                assertThat(dtype.mantissaBits()).as(name).isEqualTo(number(row.get(3)));
                assertThat(dtype.hasFloatCoding()).as(name).isEqualTo(!row.get(2).equals("-"));
            }
        }
        assertThat(names).containsExactlyInAnyOrderElementsOf(Stream.of(DType.values()).map(DType::name).toList());
    }

    private static int number(String cell) {
        return cell.equals("-") ? 0 : Integer.parseInt(cell);
    }

    @Test
    void predictorsAndResidualsHaveTheIdsOfTheRegistry() throws IOException {
        List<List<String>> predictors = table("registry.md", "Predictors");
        assertThat(predictors).hasSize(PredictorKind.values().length);
        for (List<String> row : predictors) {
            int id = Integer.parseInt(row.get(0));
            assertThat(PredictorKind.of(id).orElseThrow().id()).isEqualTo(id);
            assertThat(row.get(1)).isEqualToIgnoringCase("`" + PredictorKind.of(id).orElseThrow() + "`");
        }
        List<List<String>> residuals = table("registry.md", "Residual codings");
        assertThat(residuals).hasSize(ResidualKind.values().length);
        for (List<String> row : residuals) {
            int id = Integer.parseInt(row.get(0));
            assertThat(ResidualKind.of(id).orElseThrow().id()).isEqualTo(id);
            assertThat(row.get(1)).isEqualToIgnoringCase("`" + ResidualKind.of(id).orElseThrow() + "`");
        }
    }
}
