package io.weightspan.server.serve;

import static java.util.Objects.requireNonNull;

import io.weightspan.server.audit.AuditLog;
import io.weightspan.server.audit.AuditedHandler;
import io.weightspan.server.auth.BearerNames;
import io.weightspan.server.auth.Guard;
import io.weightspan.server.auth.HrefSigner;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.http.RequestHandler;
import io.weightspan.server.hub.HubHandler;
import io.weightspan.server.lfs.LfsHandler;
import io.weightspan.server.limits.LimitedHandler;
import io.weightspan.server.limits.RateLimits;
import io.weightspan.server.quota.Quotas;
import io.weightspan.server.records.RecordsHandler;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.web.WebHandler;
import io.weightspan.server.xet.XetHandler;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;

/**
 * Puts what answers requests in order: limits, the audit log, then the pages and the APIs, of which the first answers
 * that knows the path.
 */
final class HandlerChain {

    private final Repositories repositories;
    private final StoredContent content;
    private final Guard guard;

    /** Answers from repositories whose files some content opens, to those whom a guard lets pass. */
    HandlerChain(Repositories repositories, StoredContent content, Guard guard) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.content = requireNonNull(content, "content is null");
        this.guard = requireNonNull(guard, "guard is null");
    }

    /**
     * Returns what answers every request.
     *
     * @param service answers what asks about the server itself
     * @param web answers browsers
     * @param audit is told of what is written, if there is one
     * @param limits how many requests there may be
     */
    RequestHandler around(RequestHandler service, WebHandler web, Optional<AuditLog> audit, RateLimits limits) {
        Quotas quotas = new Quotas(repositories);
        HrefSigner signer = new HrefSigner(repositories.store(), InstantSource.system());
        LfsHandler lfs = new LfsHandler(repositories, content, quotas, guard, signer);
        XetHandler xet = new XetHandler(repositories, quotas, guard, signer, InstantSource.system());
        // The pages come first since they answer but browsers, and leave every path of an API alone.
        List<RequestHandler> handlers = List.of(
                web,
                service,
                new RecordsHandler(repositories, content, guard),
                lfs,
                xet,
                new HubHandler(repositories, content, quotas, guard));
        RequestHandler plain = web.around(new FirstHandler(handlers));
        BearerNames bearers = BearerNames.firstOf(List.of(guard::tokenName, lfs::bearer, xet::bearer));
        RequestHandler audited = audit.isEmpty()
                ? plain
                : new AuditedHandler(plain, audit.get(), bearers, InstantSource.system());
        // Who asks too much costs no line of the audit log.
        return limits.equals(RateLimits.NONE) ? audited : new LimitedHandler(audited, guard, limits);
    }
}
