package io.weightspan.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.Version;
import org.junit.jupiter.api.Test;

/** Netty's jars only work together when all are of one version. */
class NettyVersionsTest {

    @Test
    void allJarsAreOfOneVersion() {
        assertThat(Version.identify()).containsKeys("netty-common", "netty-codec-http", "netty-handler");
        assertThat(Version.identify().values()).extracting(Version::artifactVersion).containsOnly("4.2.18.Final");
    }
}
