package io.weightspan.server.store.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;

/** Turns what a client of S3 throws into {@link IOException}s that tell a person what to do. Stateless. */
final class S3Errors {

    static final int MOVED = 301;
    static final int BAD_REQUEST = 400;
    static final int FORBIDDEN = 403;
    static final int NOT_FOUND = 404;
    static final int CONFLICT = 409;
    static final int PRECONDITION_FAILED = 412;

    private S3Errors() {}

    /**
     * Makes an exception of a failed call.
     *
     * @param action what was tried, as in {@code read s3://bucket/prefix/key}
     * @param location the store
     * @param failure what the client threw
     */
    static IOException explain(String action, S3Location location, SdkException failure) {
        if (failure instanceof AbortedException || Thread.currentThread().isInterrupted()) {
            InterruptedIOException interrupted = new InterruptedIOException("interrupted: can't " + action);
            interrupted.initCause(failure);
            Thread.currentThread().interrupt();
            return interrupted;
        }
        String reason = failure instanceof AwsServiceException answer
                ? answered(location, answer)
                : unanswered(failure);
        return new IOException("can't " + action + ": " + reason, failure);
    }

    /** Returns the service's code for an error, or an empty text where it gave none. */
    static String code(SdkException failure) {
        if (failure instanceof AwsServiceException answer) {
            @Nullable
            AwsErrorDetails details = answer.awsErrorDetails();
            if (details != null && details.errorCode() != null) {
                return details.errorCode();
            }
        }
        return "";
    }

    /** Returns whether the service answered with a status. */
    static boolean is(SdkException failure, int status) {
        return failure instanceof SdkServiceException answer && answer.statusCode() == status;
    }

    private static String answered(S3Location location, AwsServiceException answer) {
        String said = "the service answered " + answer.statusCode()
                + (code(answer).isEmpty() ? "" : " " + code(answer));
        String advice = switch (code(answer)) {
            case "NoSuchBucket" -> "there is no bucket " + location.bucket() + " at this endpoint";
            case "AccessDenied", "AllAccessDisabled", "AccountProblem" -> denied(location);
            case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken",
                    "TokenRefreshRequired" ->
                "the credentials are not valid; see AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and"
                        + " AWS_PROFILE";
            case "RequestTimeTooSkewed", "RequestExpired" -> "this machine's clock is wrong; set it";
            case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
                    "TemporaryRedirect" ->
                region(location, answer);
            case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch" ->
                "the bytes did not arrive as they were sent";
            case "NotImplemented" -> "the service lacks what a store needs";
            case "SlowDown", "ServiceUnavailable" -> "the service is busy and stayed so; try again later";
            default -> switch (answer.statusCode()) {
                case MOVED -> region(location, answer);
                case FORBIDDEN -> denied(location);
                default -> text(answer);
            };
        };
        return advice + " (" + said + ")";
    }

    private static String denied(S3Location location) {
        return "access denied; the credentials need s3:ListBucket on the bucket " + location.bucket()
                + " and s3:GetObject, s3:PutObject and s3:AbortMultipartUpload on what is in it";
    }

    private static String region(S3Location location, AwsServiceException answer) {
        Optional<String> region = answer.awsErrorDetails() == null
                ? Optional.empty()
                : answer.awsErrorDetails().sdkHttpResponse().firstMatchingHeader("x-amz-bucket-region");
        return "the bucket " + location.bucket() + " is in "
                + region.map(name -> "the region " + name + "; set AWS_REGION=" + name)
                        .orElse("another region; set AWS_REGION to it");
    }

    private static String text(AwsServiceException answer) {
        @Nullable
        AwsErrorDetails details = answer.awsErrorDetails();
        return details == null || details.errorMessage() == null ? "it failed" : details.errorMessage();
    }

    private static String unanswered(SdkException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return "no machine has the name " + cause.getMessage()
                        + "; see AWS_ENDPOINT_URL_S3, AWS_REGION and, for a bucket's name in the host's,"
                        + " WEIGHTSPAN_S3_PATH_STYLE";
            }
            if (cause instanceof SSLException) {
                return "no safe connection to the service: " + cause.getMessage()
                        + "; where its certificate is of an authority of your own, name that in AWS_CA_BUNDLE";
            }
            if (cause instanceof SocketTimeoutException) {
                return "the service does not answer: " + cause.getMessage();
            }
            if (cause instanceof ConnectException || cause instanceof NoRouteToHostException) {
                return "no connection to the service: " + cause.getMessage() + "; see AWS_ENDPOINT_URL_S3";
            }
        }
        String message = String.valueOf(failure.getMessage());
        if (message.contains("Unable to load region")) {
            return "the bucket's region is not known; set AWS_REGION, or region in the profile";
        }
        if (message.contains("credentials")) {
            return "there are no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE ("
                    + message + ")";
        }
        return message;
    }
}
