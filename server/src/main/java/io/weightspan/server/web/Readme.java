package io.weightspan.server.web;

import io.weightspan.server.repo.RepoId;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.commonmark.Extension;
import org.commonmark.ext.gfm.tables.TablesExtension;
import org.commonmark.node.AbstractVisitor;
import org.commonmark.node.Heading;
import org.commonmark.node.Image;
import org.commonmark.node.Link;
import org.commonmark.node.Node;
import org.commonmark.node.Text;
import org.commonmark.parser.IncludeSourceSpans;
import org.commonmark.parser.Parser;
import org.commonmark.renderer.html.HtmlRenderer;

/**
 * A model's README, which is anybody's text: its Markdown made HTML, its own HTML shown as text. Links keep to the web
 * and to mail; relative ones lead to the repository's files. Pictures become links, so that reading a page tells nobody
 * of it.
 *
 * @param html safe HTML
 * @param front the text between the lines {@code ---} that a model card begins with; empty where there is none
 * @param isCut whether the text was longer than what is shown
 */
record Readme(String html, String front, boolean isCut) {

    private static final List<Extension> EXTENSIONS = List.of(TablesExtension.create());
    private static final Parser PARSER = Parser.builder()
            .extensions(EXTENSIONS)
            .maxOpenBlockParsers(50)
            .includeSourceSpans(IncludeSourceSpans.NONE)
            .build();
    private static final HtmlRenderer RENDERER = HtmlRenderer.builder()
            .extensions(EXTENSIONS)
            .escapeHtml(true)
            .sanitizeUrls(true)
            .attributeProviderFactory(context -> Readme::attributes)
            .build();
    private static final Set<String> SCHEMES = Set.of("http", "https", "mailto");
    private static final String FENCE = "---";

    /** The page's own headings are of the first and second rank. */
    private static final int RANKS_ABOVE = 2;

    private static final int MAX_RANK = 6;

    /**
     * Makes HTML of a README.
     *
     * @param text the file, decoded
     * @param isCut whether it goes on
     * @param repo the repository it is from
     * @param revision where relative links lead
     */
    static Readme of(String text, boolean isCut, RepoId repo, String revision) {
        String plain = text.startsWith("\uFEFF") ? text.substring(1) : text;
        int end = endOfFront(plain);
        String front = front(plain.substring(0, end));
        Node document = PARSER.parse(plain.substring(end));
        document.accept(new Rewriter(repo, revision));
        return new Readme(RENDERER.render(document), front, isCut);
    }

    /** Returns what stands between the two fences. */
    private static String front(String fenced) {
        String block = fenced.strip();
        return block.isEmpty() ? "" : block.substring(FENCE.length(), block.length() - FENCE.length()).strip();
    }

    /** Returns where the text after the front begins; 0 where there is no front. */
    private static int endOfFront(String text) {
        if (!text.startsWith(FENCE + "\n") && !text.startsWith(FENCE + "\r\n")) {
            return 0;
        }
        int line = text.indexOf('\n') + 1;
        while (line > 0 && line < text.length()) {
            int next = text.indexOf('\n', line) + 1;
            String content = next == 0 ? text.substring(line) : text.substring(line, next);
            if (content.stripTrailing().equals(FENCE)) {
                return next == 0 ? text.length() : next;
            }
            line = next;
        }
        return 0;
    }

    private static void attributes(Node node, String tag, Map<String, String> attributes) {
        switch (tag) {
            case "a" -> attributes.put("rel", "nofollow noopener noreferrer");
            // A cell's alignment comes as an attribute or style that the page's policy forbids.
            case "th", "td" -> {
                attributes.remove("style");
                attributes.remove("align");
                if (tag.equals("th")) {
                    attributes.put("scope", "col");
                }
            }
            // Whoever can't use a mouse scrolls a wide block by the keys.
            case "pre" -> attributes.put("tabindex", "0");
            default -> {
                // Everything else is as the renderer made it.
            }
        }
    }

    /** Ranks headings below the page's, and leads links and pictures to where they may go. */
    private static final class Rewriter extends AbstractVisitor {

        private final RepoId repo;
        private final String revision;

        Rewriter(RepoId repo, String revision) {
            this.repo = repo;
            this.revision = revision;
        }

        @Override
        public void visit(Heading heading) {
            heading.setLevel(Math.min(MAX_RANK, heading.getLevel() + RANKS_ABOVE));
            visitChildren(heading);
        }

        @Override
        public void visit(Link link) {
            visitChildren(link);
            String destination = destination(link.getDestination());
            link.setDestination(destination);
            if (destination.isEmpty()) {
                moveChildren(link, link::insertBefore);
                link.unlink();
            }
        }

        @Override
        public void visit(Image image) {
            visitChildren(image);
            String destination = destination(image.getDestination());
            Text what = new Text(image.getFirstChild() == null ? "picture" : "picture: ");
            if (destination.isEmpty() || isInLink(image)) {
                image.insertBefore(what);
                moveChildren(image, image::insertBefore);
            } else {
                Link link = new Link(destination, image.getTitle());
                link.appendChild(what);
                moveChildren(image, link::appendChild);
                image.insertBefore(link);
            }
            image.unlink();
        }

        private static boolean isInLink(Node node) {
            for (Node above = node.getParent(); above != null; above = above.getParent()) {
                if (above instanceof Link) {
                    return true;
                }
            }
            return false;
        }

        private static void moveChildren(Node from, Consumer<Node> to) {
            for (Node child = from.getFirstChild(); child != null; child = from.getFirstChild()) {
                to.accept(child);
            }
        }

        private String destination(String given) {
            URI uri;
            try {
                uri = new URI(given);
            } catch (URISyntaxException e) {
                // What isn't a URI leads nowhere, as a browser might read it in another way than we do.
                return "";
            }
            String scheme = uri.getScheme();
            if (scheme != null) {
                return SCHEMES.contains(scheme.toLowerCase(Locale.ROOT)) ? given : "";
            }
            String path = uri.getPath();
            if (given.startsWith("#") || given.startsWith("/") || path == null || path.isEmpty()) {
                return given;
            }
            String normal = uri.normalize().getPath();
            return normal.isEmpty() || normal.startsWith("..")
                    ? Links.tree(repo, revision)
                    : Links.blob(repo, revision, normal);
        }
    }
}
