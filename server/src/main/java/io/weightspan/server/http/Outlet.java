package io.weightspan.server.http;

/**
 * How bodies leave by one connection, or by one stream of it.
 *
 * @param budget shared by the streams of a connection
 * @param takesFiles whether the system can hand a file to the socket as it is
 * @param writeBytes bytes of one write, at most; that a write is done tells that the client still takes bytes
 */
record Outlet(BodyBudget budget, boolean takesFiles, int writeBytes) {}
