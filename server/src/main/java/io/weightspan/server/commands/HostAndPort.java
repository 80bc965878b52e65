package io.weightspan.server.commands;

import java.net.InetSocketAddress;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Reads an address to listen on, as options give it. Stateless. */
final class HostAndPort {

    private static final int LARGEST_PORT = 65_535;

    private HostAndPort() {}

    /**
     * Reads an address.
     *
     * @param command whose option it is
     * @param option the option's name, for messages
     * @param text HOST:PORT, an IPv6 address in brackets
     * @throws ParameterException if it is none, or names an unknown host
     */
    static InetSocketAddress parse(CommandLine command, String option, String text) {
        int colon = text.lastIndexOf(':');
        String host = colon < 0 ? "" : text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        int port;
        try {
            port = Integer.parseInt(text.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new ParameterException(command, option + " needs HOST:PORT, not '" + text + "'", e);
        }
        if (host.isEmpty() || port < 0 || port > LARGEST_PORT) {
            throw new ParameterException(command, option + " needs HOST:PORT, not '" + text + "'");
        }
        InetSocketAddress address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new ParameterException(command, option + " names an unknown host: " + host);
        }
        return address;
    }
}
