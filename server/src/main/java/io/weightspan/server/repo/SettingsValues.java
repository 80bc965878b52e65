package io.weightspan.server.repo;

import static java.util.Objects.requireNonNull;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.weightspan.server.store.ObjectStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The values of a store that keep the settings of repositories (ST-SET-001). Safe for several threads. */
final class SettingsValues {

    private static final String SETTINGS = "settings/";

    /** Others may change the same settings in between; more often than this in a row is no accident. */
    private static final int ATTEMPTS = 20;

    /** For so long another server may go by old settings. */
    private static final Duration SETTINGS_TIME = Duration.ofSeconds(2);

    private static final long CACHED_SETTINGS = 10_000;

    private final ObjectStore store;
    private final Cache<RepoId, RepoSettings> settings = Caffeine.newBuilder()
            .maximumSize(CACHED_SETTINGS)
            .expireAfterWrite(SETTINGS_TIME)
            .build();

    /** The one list of {@link #restricted}: every request for an object needs it. */
    private final Cache<String, List<RepoId>> restricted =
            Caffeine.newBuilder().expireAfterWrite(SETTINGS_TIME).build();

    SettingsValues(ObjectStore store) {
        this.store = requireNonNull(store, "store is null");
    }

    /** Tells something that the store is asked for. */
    @FunctionalInterface
    interface Condition {

        /** Returns whether it is so. */
        boolean holds() throws IOException;
    }

    /** Returns the settings of a repository, as they were within the last seconds. */
    RepoSettings get(RepoId repo) throws IOException {
        RepoSettings known = settings.getIfPresent(repo);
        if (known == null) {
            Optional<String> text = store.value(key(repo));
            known = text.isPresent() ? RepoSettings.parse(repo, text.get()) : RepoSettings.DEFAULT;
            settings.put(repo, known);
        }
        return known;
    }

    /** Returns the repositories that are private or gated, as they were within the last seconds. */
    List<RepoId> restricted() throws IOException {
        List<RepoId> known = restricted.getIfPresent(SETTINGS);
        if (known == null) {
            known = findRestricted();
            restricted.put(SETTINGS, known);
        }
        return known;
    }

    private List<RepoId> findRestricted() throws IOException {
        List<RepoId> found = new ArrayList<>();
        for (String key : store.keys(SETTINGS)) {
            RepoId repo;
            try {
                repo = RepoId.of(key.substring(SETTINGS.length()));
            } catch (InvalidNameException e) {
                throw new CorruptStoreException("the store has settings of an invalid name: " + key, e);
            }
            if (get(repo).isRestricted()) {
                found.add(repo);
            }
        }
        return List.copyOf(found);
    }

    /** Changes the settings of a repository, whether or not it is there. */
    RepoSettings change(RepoId repo, UnaryOperator<RepoSettings> change) throws IOException {
        String key = key(repo);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            @Nullable
            String before = store.value(key).orElse(null);
            RepoSettings changed =
                    change.apply(before == null ? RepoSettings.DEFAULT : RepoSettings.parse(repo, before));
            boolean isSet = store.compareAndSet(key, before, changed.text());
            forget(repo);
            if (isSet) {
                return changed;
            }
        }
        throw new IOException("the settings of " + repo + " are being changed by others all the time");
    }

    /** Takes the settings of a repository away. */
    void remove(RepoId repo, Condition isGone) throws IOException {
        String key = key(repo);
        @Nullable
        String before = store.value(key).orElse(null);
        // Where another has made it anew in between, its settings are that one's.
        if (before != null && isGone.holds()) {
            store.compareAndSet(key, before, null);
        }
        forget(repo);
    }

    private void forget(RepoId repo) {
        settings.invalidate(repo);
        restricted.invalidateAll();
    }

    private static String key(RepoId repo) {
        return SETTINGS + repo;
    }
}
