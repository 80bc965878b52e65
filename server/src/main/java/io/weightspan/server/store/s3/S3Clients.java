package io.weightspan.server.store.s3;

import io.weightspan.server.tls.TlsException;
import io.weightspan.server.tls.TrustedAuthorities;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.TrustManager;
import javax.xml.stream.XMLStreamException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.retry.RetryMode;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.profiles.Profile;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.profiles.ProfileFileSystemSetting;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Makes clients of S3 services from the usual variables and profiles. Stateless. */
final class S3Clients {

    /** More than the parts and ranges that are ever on their way for one command; a server's readers share them. */
    private static final int MAX_CONNECTIONS = 64;

    private S3Clients() {}

    /**
     * Makes a client.
     *
     * @return the client, which the caller closes
     * @throws software.amazon.awssdk.core.exception.SdkException if a variable or a profile can't be understood
     * @throws IOException if the file of certificates to trust can't be used
     */
    static S3Client create(S3Settings settings) throws IOException {
        boolean ownEndpoint = hasEndpoint();
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(http(settings))
                .overrideConfiguration(overrides -> overrides.retryStrategy(retries())
                        .addExecutionInterceptor(new WholeAnswers()))
                // Every request that stores something carries a checksum that we make ourselves, in a header: checksums
                // that trail a chunked body are beyond many of the services that speak S3.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .serviceConfiguration(s3 -> s3.chunkedEncodingEnabled(false))
                .forcePathStyle(settings.pathStyle().orElse(ownEndpoint));
        if (ownEndpoint && !hasRegion()) {
            builder.region(Region.US_EAST_1); // of no meaning there, but a request can't be signed without one
        }
        return builder.build();
    }

    private static Apache5HttpClient.Builder http(S3Settings settings) throws IOException {
        Apache5HttpClient.Builder builder = Apache5HttpClient.builder()
                .maxConnections(MAX_CONNECTIONS)
                .socketTimeout(settings.socketTimeout());
        if (settings.authorities().isPresent()) {
            try {
                TrustManager[] trusted = TrustedAuthorities.of(settings.authorities().get());
                builder.tlsTrustManagersProvider(() -> trusted);
            } catch (TlsException e) {
                throw new IOException("AWS_CA_BUNDLE: " + e.getMessage(), e);
            }
        }
        return builder;
    }

    /** Returns the usual retries, of answers whose text ends early, too, which the SDK itself takes for final. */
    private static RetryStrategy retries() {
        return AwsRetryStrategy.forRetryMode(RetryMode.resolver().defaultRetryMode(RetryMode.STANDARD).resolve())
                .toBuilder()
                .retryOnExceptionOrCauseInstanceOf(XMLStreamException.class)
                .build();
    }

    /** Returns whether requests that store something may carry a SHA-256, rather than the older MD5. */
    static boolean sendsSha256() {
        return SdkSystemSetting.AWS_REQUEST_CHECKSUM_CALCULATION
                .getStringValue()
                .map(value -> !value.toLowerCase(Locale.ROOT).equals("when_required"))
                .orElse(true);
    }

    /** Returns whether the environment, the system properties or the profile name a service other than AWS's own. */
    private static boolean hasEndpoint() {
        if (SdkSystemSetting.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.getBooleanValue().orElse(false)) {
            return false;
        }
        return isSet("aws.endpointUrlS3", "AWS_ENDPOINT_URL_S3")
                || isSet("aws.endpointUrl", "AWS_ENDPOINT_URL")
                || profileHasEndpoint();
    }

    private static boolean profileHasEndpoint() {
        ProfileFile file = ProfileFile.defaultProfileFile();
        Optional<Profile> profile = file.profile(ProfileFileSystemSetting.AWS_PROFILE.getStringValueOrThrow());
        return profile.flatMap(p -> p.property("endpoint_url")).isPresent()
                || profile.flatMap(p -> p.property("services"))
                        .flatMap(services -> file.getSection("services", services))
                        .flatMap(section -> section.property("s3"))
                        .filter(s3 -> s3.contains("endpoint_url"))
                        .isPresent();
    }

    private static boolean isSet(String property, String variable) {
        return !System.getProperty(property, "").isBlank()
                || !System.getenv().getOrDefault(variable, "").isBlank();
    }

    private static boolean hasRegion() {
        // Asking the whole chain would ask the machine's metadata service, which most machines don't have.
        return SdkSystemSetting.AWS_REGION.getStringValue().isPresent()
                || ProfileFile.defaultProfileFile()
                        .profile(ProfileFileSystemSetting.AWS_PROFILE.getStringValueOrThrow())
                        .flatMap(profile -> profile.property("region"))
                        .isPresent();
    }
}
