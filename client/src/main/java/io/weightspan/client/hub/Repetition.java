package io.weightspan.client.hub;

import static java.util.Objects.requireNonNull;

import io.weightspan.client.cache.CacheException;
import io.weightspan.client.cache.WrongObjectException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.util.Optional;

/** Sends requests again where they fail for a reason that may pass. Thread-safe. */
final class Repetition {

    /** An unreachable server is asked less often than one that answers: it is likely a wrong address. */
    private static final int MAX_UNREACHABLE = 3;

    private static final int MAX_SAID = 600;

    private final Endpoint endpoint;
    private final RetryPolicy policy;

    Repetition(Endpoint endpoint, RetryPolicy policy) {
        this.endpoint = requireNonNull(endpoint, "endpoint is null");
        this.policy = requireNonNull(policy, "policy is null");
    }

    /** A request that may be sent again. */
    @FunctionalInterface
    interface Request<T> {

        /** Sends it. */
        T run(Attempt attempt) throws IOException;
    }

    /** An answer that may be another one the next time. */
    static final class TransientException extends IOException {

        private static final long serialVersionUID = 1L;
        private static final int TOO_MANY_REQUESTS = 429;

        private final int status;
        private final transient Optional<String> retryAfter;

        TransientException(int status, String message, Optional<String> retryAfter) {
            super(message);
            this.status = status;
            this.retryAfter = retryAfter;
        }

        /** Returns whether nothing has been done of what was asked for. */
        boolean isUndone() {
            return status == TOO_MANY_REQUESTS;
        }
    }

    /** Counts failures in a row. */
    static final class Attempt {

        private int failures;
        private int unreachable;

        private boolean mayGoOn(IOException failure) {
            failures++;
            if (failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException) {
                unreachable++;
            }
            return unreachable < MAX_UNREACHABLE;
        }

        /** Starts counting anew: a slow line that moves forward is no reason to give up. */
        void progressed() {
            failures = 0;
        }
    }

    /**
     * Sends a request until it succeeds or the policy gives up.
     *
     * @param what it does, as it follows "cannot" in a message
     * @throws HubException of kind {@link HubException.Kind#SERVER_FAILED} if it goes on failing, or what it throws
     *     itself for good
     * @throws IOException what else it throws for good
     */
    <T> T run(String what, Request<T> request) throws IOException {
        Attempt attempt = new Attempt();
        while (true) {
            IOException failure;
            Optional<String> retryAfter = Optional.empty();
            try {
                return request.run(attempt);
            } catch (HubException | WrongObjectException | CacheException | InterruptedIOException e) {
                throw e;
            } catch (TransientException e) {
                failure = e;
                retryAfter = e.retryAfter;
            } catch (IOException e) {
                failure = e;
            }
            if (!attempt.mayGoOn(failure) || !policy.await(attempt.failures, retryAfter)) {
                throw new HubException(HubException.Kind.SERVER_FAILED,
                        endpoint + ": cannot " + what + ": " + reason(failure), failure);
            }
        }
    }

    /** Returns what to say of a failure. */
    static String reason(IOException failure) {
        if (failure instanceof ConnectException) {
            return "no server answers there; check the address and that it runs";
        }
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : RelativePath.shown(message, MAX_SAID);
    }
}
