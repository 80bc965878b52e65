package io.weightspan.server.http;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that are believed when they say, in {@code X-Forwarded-For}, whose request they pass on. Anybody else may
 * write what they like there. Immutable.
 */
public final class TrustedProxies {

    /** Nobody is believed. */
    public static final TrustedProxies NONE = new TrustedProxies(List.of());

    private static final String FORWARDED_FOR = "X-Forwarded-For";

    /** An address as proxies write it, some with the port that the client came from. */
    private static final Pattern WITH_PORT =
            Pattern.compile("\\[([0-9A-Fa-f:.]{2,45})](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}");

    private static final int IPV4_BITS = 32;
    private static final int IPV6_BITS = 128;

    private final List<IpSubnetFilterRule> networks;

    private TrustedProxies(List<IpSubnetFilterRule> networks) {
        this.networks = networks;
    }

    /**
     * Returns the proxies of networks.
     *
     * @param networks each an address, {@code 10.0.0.7}, or a network, {@code 10.0.0.0/8} or {@code fd00::/8}
     * @throws IllegalArgumentException if one is neither; the message names it
     */
    public static TrustedProxies of(List<String> networks) {
        return new TrustedProxies(networks.stream().map(TrustedProxies::network).toList());
    }

    private static IpSubnetFilterRule network(String text) {
        int slash = text.indexOf('/');
        // No name of a host: it would be asked for once, and then be somebody else's address.
        @Nullable
        InetAddress address =
                NetUtil.createInetAddressFromIpAddressString(slash < 0 ? text : text.substring(0, slash));
        int bits = address instanceof Inet4Address ? IPV4_BITS : IPV6_BITS;
        String length = slash < 0 ? Integer.toString(bits) : text.substring(slash + 1);
        if (address == null || !length.matches("[0-9]{1,3}") || Integer.parseInt(length) > bits) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no address and no network such as 10.0.0.0/8 or fd00::/8");
        }
        return new IpSubnetFilterRule(address, Integer.parseInt(length), IpFilterRuleType.ACCEPT);
    }

    /**
     * Returns who made a request: the other end of the connection, or whom it names if it is a trusted proxy; and so on
     * through a chain of them, each of which has appended the one before.
     *
     * @param peer the other end of the connection; null where it is gone
     * @param headers the request's
     */
    @Nullable
    InetAddress client(@Nullable InetAddress peer, HttpHeaders headers) {
        if (networks.isEmpty() || peer == null || !trusts(peer)) {
            return peer;
        }
        List<String> chain = headers.getAll(FORWARDED_FOR).stream()
                .flatMap(field -> Stream.of(field.split(",", -1)))
                .toList();
        InetAddress client = peer;
        for (String named : chain.reversed()) {
            InetAddress before = address(named.strip());
            if (before == null) {
                // What a trusted proxy took over from its client, who can't write an address.
                return client;
            }
            client = before;
            if (!trusts(client)) {
                return client;
            }
        }
        return client;
    }

    private boolean trusts(InetAddress address) {
        InetSocketAddress end = new InetSocketAddress(address, 0);
        return networks.stream().anyMatch(network -> network.matches(end));
    }

    private static @Nullable InetAddress address(String text) {
        Matcher withPort = WITH_PORT.matcher(text);
        if (!withPort.matches()) {
            return NetUtil.createInetAddressFromIpAddressString(text);
        }
        return NetUtil.createInetAddressFromIpAddressString(
                withPort.group(1) == null ? withPort.group(2) : withPort.group(1));
    }
}
