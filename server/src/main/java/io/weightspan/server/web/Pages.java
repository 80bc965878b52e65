package io.weightspan.server.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.output.StringOutput;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.weightspan.server.http.Body;
import io.weightspan.server.http.Response;

/** Makes answers of templates, with the fields that keep a page from doing what it needn't. Thread-safe. */
final class Pages {

    /** Nothing but our own files, no code or style in a page, and no page in a frame. */
    static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
            + " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    private final TemplateEngine engine =
            TemplateEngine.createPrecompiled(null, ContentType.Html, Pages.class.getClassLoader(), PACKAGE);

    private static final String PACKAGE = Pages.class.getPackageName();

    /**
     * Makes a page.
     *
     * @param status of the answer
     * @param template the template's name
     * @param view its parameter
     */
    Response page(HttpResponseStatus status, String template, Views.Page view) {
        boolean isOfSomebody = view.frame().visitor().name() != null;
        StringOutput output = new StringOutput();
        engine.render(template + ".jte", view, output);
        return Response.of(status, new Body.Bytes(output.toString().getBytes(UTF_8)))
                .with("Content-Type", "text/html; charset=utf-8")
                // Who asks decides what is seen, and whether it is HTML.
                // What only some may see is not to be found by whoever uses the same browser after them.
                .with("Cache-Control", isOfSomebody ? "private, no-store" : "private, no-cache")
                .with("Vary", "Accept, Authorization, Cookie")
                .with("Content-Security-Policy", POLICY)
                .with("X-Content-Type-Options", "nosniff")
                .with("Referrer-Policy", "same-origin")
                .with("Cross-Origin-Opener-Policy", "same-origin");
    }
}
