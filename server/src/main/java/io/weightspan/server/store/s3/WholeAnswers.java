package io.weightspan.server.store.s3;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectRequest;

/**
 * Has calls made again whose answer lacks what every answer of their kind has: the client takes a head that ends with
 * the connection for a whole one. Stateless.
 */
final class WholeAnswers implements ExecutionInterceptor {

    private static final int PARTIAL_CONTENT = 206;

    @Override
    public void afterTransmission(Context.AfterTransmission context, ExecutionAttributes attributes) {
        SdkHttpResponse answer = context.httpResponse();
        boolean isOfAnObject =
                context.request() instanceof GetObjectRequest || context.request() instanceof HeadObjectRequest;
        if (!isOfAnObject || !answer.isSuccessful()) {
            return;
        }
        for (String name : needed(answer)) {
            if (answer.firstMatchingHeader(name).isEmpty()) {
                RetryableException failure = RetryableException.create("the answer ended early: it has no " + name);
                context.responseBody().ifPresent(body -> close(body, failure));
                throw failure;
            }
        }
    }

    private static List<String> needed(SdkHttpResponse answer) {
        return answer.statusCode() == PARTIAL_CONTENT
                ? List.of("Content-Length", "ETag", "Content-Range")
                : List.of("Content-Length", "ETag");
    }

    private static void close(InputStream body, RetryableException failure) {
        try {
            body.close();
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
    }
}
