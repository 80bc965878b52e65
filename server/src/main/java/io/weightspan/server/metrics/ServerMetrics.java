package io.weightspan.server.metrics;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.weightspan.server.content.StoredContent;
import io.weightspan.server.encode.Encoder;
import io.weightspan.server.http.EndedRequest;
import io.weightspan.server.http.RequestListener;
import io.weightspan.server.repo.Repositories;
import io.weightspan.server.store.BlockReads;
import io.weightspan.server.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The measures of a server, in Prometheus' text format. Those of requests have the names and buckets of OpenTelemetry's
 * semantic conventions for HTTP. What the store holds is added up in the background, at most once a minute, and not a
 * number until that was done once. Thread-safe.
 */
public final class ServerMetrics implements RequestListener, Closeable {

    /** The media type of {@link #text}. */
    public static final String MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private static final Logger LOG = LoggerFactory.getLogger(ServerMetrics.class);

    /** OpenTelemetry's, in milliseconds. */
    private static final long[] BUCKETS = {5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000};

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH");
    private static final Duration FRESH = Duration.ofMinutes(1);
    private static final double NANOS = 1e9;

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final AtomicLong active = new AtomicLong();
    private final Map<Labels, Meters> meters = new ConcurrentHashMap<>();
    private final Repositories repositories;
    private final Encoder encoder;
    private volatile @Nullable Holdings holdings;
    private volatile @Nullable Thread counting;
    private long counted;

    /** What requests are told apart by; few, since there are few routes. */
    private record Labels(String method, String route, int status) {}

    /** The measures of requests of the same labels. */
    private record Meters(Timer duration, DistributionSummary requestBytes, DistributionSummary responseBytes) {}

    /** What the store holds and what waits in it. */
    private record Holdings(StoreSums sums, long pending) {}

    /**
     * Measures a server.
     *
     * @param repositories what it serves
     * @param content what it decodes with
     * @param encoder what encodes for it
     */
    public ServerMetrics(Repositories repositories, StoredContent content, Encoder encoder) {
        this.repositories = requireNonNull(repositories, "repositories is null");
        this.encoder = requireNonNull(encoder, "encoder is null");
        Gauge.builder("http.server.active_requests", active, AtomicLong::get)
                .description("Requests whose answer is not sent")
                .register(registry);
        held("weightspan.store.repositories", "Repositories", now -> now.sums().repositories());
        held("weightspan.store.files", "Files of the repositories' default branches", now -> now.sums().files());
        held("weightspan.store.represented.bytes", "Bytes of those files", now -> now.sums().bytes());
        held("weightspan.store.stored.bytes", "Bytes that those files take", now -> now.sums().storedBytes());
        held("weightspan.encode.queue.files", "Uploaded files that wait to be encoded", Holdings::pending);
        counter("weightspan.decode.seconds", "Seconds that threads spent on decoding", content,
                from -> from.times().nanos() / NANOS);
        counter("weightspan.decode.bytes", "Bytes that were decoded", content, from -> from.times().bytes());
        counter("weightspan.cache.hits", "Decoded blocks that were in the cache", content, StoredContent::cacheHits);
        counter("weightspan.cache.misses", "Decoded blocks that were not", content, StoredContent::cacheMisses);
        Gauge.builder("weightspan.cache.bytes", content, StoredContent::cachedBytes)
                .description("Bytes of decoded blocks that are kept")
                .register(registry);
        blocks(repositories.store());
        new JvmMemoryMetrics().bindTo(registry);
        collections.bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
    }

    /** Measures the cache of a store that is elsewhere. */
    private void blocks(ObjectStore store) {
        if (store.blockReads().isPresent()) {
            blocks("weightspan.store.cache.hits", "Blocks of objects that were in the cache on the disk", store,
                    BlockReads::hits);
            blocks("weightspan.store.cache.misses", "Blocks of objects that the store was asked for", store,
                    BlockReads::misses);
        }
    }

    private void blocks(String name, String description, ObjectStore store, ToDoubleFunction<BlockReads> value) {
        FunctionCounter.builder(name, store, from -> from.blockReads().map(value::applyAsDouble).orElse(0.0))
                .description(description)
                .register(registry);
    }

    private void held(String name, String description, ToDoubleFunction<Holdings> value) {
        Gauge.builder(name, this, metrics -> {
            Holdings now = metrics.holdings;
            return now == null ? Double.NaN : value.applyAsDouble(now);
        }).description(description).register(registry);
    }

    private void counter(String name, String description, StoredContent content,
            ToDoubleFunction<StoredContent> value) {
        FunctionCounter.builder(name, content, value).description(description).register(registry);
    }

    @Override
    public void began() {
        active.incrementAndGet();
    }

    @Override
    public void ended(EndedRequest request) {
        active.decrementAndGet();
        Labels labels = new Labels(
                METHODS.contains(request.method()) ? request.method() : "_OTHER",
                request.target().map(Routes::of).orElse(Routes.OTHER),
                request.status());
        Meters of = meters.computeIfAbsent(labels, this::meters);
        of.duration().record(request.time());
        of.requestBytes().record((double) request.requestBytes());
        of.responseBytes().record((double) request.responseBytes());
    }

    private Meters meters(Labels labels) {
        Tags tags = Tags.of(
                "http.request.method", labels.method(),
                "http.route", labels.route(),
                "http.response.status_code", Integer.toString(labels.status()));
        return new Meters(
                Timer.builder("http.server.request.duration")
                        .description("Time from the end of a request's head to the end of its answer")
                        .serviceLevelObjectives(
                                Arrays.stream(BUCKETS).mapToObj(Duration::ofMillis).toArray(Duration[]::new))
                        .tags(tags)
                        .register(registry),
                size("http.server.request.body.size", "Bytes of requests' bodies, as announced", tags),
                size("http.server.response.body.size", "Bytes of answers' bodies", tags));
    }

    private DistributionSummary size(String name, String description, Tags tags) {
        return DistributionSummary.builder(name)
                .baseUnit("bytes")
                .description(description)
                .tags(tags)
                .register(registry);
    }

    /** Returns all measures, and then has those of the store added up anew where they are older than a minute. */
    public String text() {
        String text = registry.scrape();
        refresh();
        return text;
    }

    private synchronized void refresh() {
        boolean isFresh = holdings != null && System.nanoTime() - counted < FRESH.toNanos();
        Thread running = counting;
        if (!isFresh && (running == null || !running.isAlive())) {
            counted = System.nanoTime();
            counting = Thread.ofVirtual().name("weightspan-metrics").start(this::count);
        }
    }

    private void count() {
        try {
            holdings = new Holdings(StoreSums.of(repositories), encoder.waiting());
        } catch (IOException e) {
            LOG.warn("what the store holds can't be added up for the metrics", e);
        }
    }

    /** Waits for what is being added up, for tests. */
    void settle() throws InterruptedException {
        Thread running = counting;
        if (running != null) {
            running.join();
        }
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
