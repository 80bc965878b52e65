package io.weightspan.server.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.weightspan.codec.analysis.FamilyAnalysis;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes an analysis as one HTML page that needs nothing else: styles, scripts, the chart library and its licence are
 * in it, and its content policy lets it load nothing. Names in it are somebody else's text and are never markup.
 * Stateless.
 */
public final class AnalysisPage {
    private static final String OWN = "/io/weightspan/server/report/";
    private static final String LIBRARY = "/META-INF/maven/org.webjars.npm/uplot/pom.properties";
    private static final Pattern PLACE = Pattern.compile("\\{\\{([a-z-]+)\\}\\}");
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private AnalysisPage() {}

    /**
     * Writes a page.
     *
     * @param analysis what it shows
     * @return the page, to be stored in UTF-8
     * @throws IOException if a part of it is not on the class path
     */
    public static String of(FamilyAnalysis analysis) throws IOException {
        requireNonNull(analysis, "analysis is null");
        String library = libraryFolder();
        Map<String, String> parts = Map.of(
                "family", escaped(analysis.family()),
                "verdict", escaped(analysis.verdict()),
                "style", text(library + "dist/uPlot.min.css") + text(OWN + "analysis.css"),
                "licence", escaped(text(library + "LICENSE")),
                "library", text(library + "dist/uPlot.iife.min.js"),
                "script", text(OWN + "analysis.js"),
                "data", json(analysis));
        // One pass over the template: a placeholder in a name is left as it is.
        return PLACE.matcher(text(OWN + "analysis.html"))
                .replaceAll(place -> Matcher.quoteReplacement(requireNonNull(parts.get(place.group(1)))));
    }

    /** A document that no HTML parser takes for the end of a script, nor JavaScript for the end of a line. */
    private static String json(FamilyAnalysis analysis) {
        return MAPPER.writeValueAsString(analysis)
                .replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("&", "\\u0026")
                .replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    /** Where the chart library lies on the class path, which depends on its version. */
    private static String libraryFolder() throws IOException {
        Properties library = new Properties();
        try (InputStream in = open(LIBRARY)) {
            library.load(in);
        }
        return "/META-INF/resources/webjars/uplot/" + library.getProperty("version") + "/";
    }

    private static String text(String resource) throws IOException {
        try (InputStream in = open(resource)) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    private static InputStream open(String resource) throws IOException {
        InputStream in = AnalysisPage.class.getResourceAsStream(resource);
        if (in == null) {
            throw new IOException("not on the class path: " + resource);
        }
        return in;
    }
}
