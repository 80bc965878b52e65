package io.weightspan.server.store.s3;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** Stands before an HTTP server and breaks calls as a test asks. One request a connection. */
final class FaultProxy implements AutoCloseable {

    /** What becomes of a call. */
    enum Fault {
        NONE,
        /** The server never hears of it, and the connection ends. */
        LOSE_REQUEST,
        /** As LOSE_REQUEST, when half of the request's body has been read. */
        BREAK_REQUEST,
        /** The server does it, and the connection ends without an answer. */
        LOSE_ANSWER,
        /** The connection ends in the middle of the answer. */
        CUT_ANSWER,
        /** The connection ends after two lines of the answer. */
        CUT_HEAD,
        /** The server never hears of it, nothing comes back, and the connection stays. */
        SILENCE,
        /** The server does it, nothing comes back, and the connection stays. */
        WITHHOLD_ANSWER,
        STATUS_500,
        STATUS_503,
        /** The server does it, and something between answers that it has failed. */
        STATUS_500_IN_PLACE_OF_ANSWER,
        /** The server never hears of it, and the answer is 200 with an error in its body, as S3's own may be. */
        ERROR_IN_STATUS_200
    }

    /** A request as it came. */
    record Call(String method, String target, String head) {

        boolean is(String wanted, String part) {
            return method.equals(wanted) && target.contains(part);
        }
    }

    /** Decides what becomes of a call; may do things of its own before. */
    interface Rule {
        Fault of(Call call) throws Exception;
    }

    private final URI server;
    private final ServerSocket listener;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final List<Call> calls = new CopyOnWriteArrayList<>();
    private volatile Rule rule = call -> Fault.NONE;

    FaultProxy(URI server) throws IOException {
        this.server = server;
        this.listener = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        threads.execute(this::listen);
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    /** Breaks calls by a rule from now on, and forgets those that were made. */
    void rule(Rule newRule) {
        rule = newRule;
        calls.clear();
    }

    /** Breaks the first calls of a kind. */
    void breakFirst(int count, String method, String part, Fault fault) {
        int[] left = {count};
        rule(call -> {
            synchronized (left) {
                return call.is(method, part) && left[0]-- > 0 ? fault : Fault.NONE;
            }
        });
    }

    /** Returns the calls since the rule was set. */
    List<Call> calls() {
        return List.copyOf(calls);
    }

    /** Returns how many calls of a kind there were since the rule was set. */
    long count(String method, String part) {
        return calls.stream().filter(call -> call.is(method, part)).count();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : open) {
            socket.close();
        }
        threads.shutdownNow();
        threads.close();
    }

    private void listen() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                open.add(socket);
                threads.execute(() -> serve(socket));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            InputStream in = new BufferedInputStream(client.getInputStream());
            String head = head(in);
            if (head.isEmpty()) {
                return;
            }
            String[] line = head.substring(0, head.indexOf('\r')).split(" ", 3);
            Call call = new Call(line[0], line[1], head);
            calls.add(call);
            Fault fault = rule.of(call);
            if (head.toLowerCase(Locale.ROOT).contains("\r\nexpect: 100-continue")) {
                client.getOutputStream().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(ISO_8859_1));
            }
            int length = length(head);
            byte[] body = in.readNBytes(fault == Fault.BREAK_REQUEST ? length / 2 : length);
            answer(client, call, body, fault);
        } catch (Exception e) {
            // The client has gone, or a test's rule failed: either way the connection ends, and the test tells.
            if (!listener.isClosed() && !(e instanceof IOException)) {
                throw new IllegalStateException(e);
            }
        } finally {
            open.remove(client);
        }
    }

    private void answer(Socket client, Call call, byte[] body, Fault fault) throws Exception {
        OutputStream out = client.getOutputStream();
        switch (fault) {
            case LOSE_REQUEST, BREAK_REQUEST -> client.setSoLinger(true, 0); // the connection is reset, not closed
            case LOSE_ANSWER -> forward(call, body);
            case SILENCE -> Thread.sleep(Long.MAX_VALUE);
            case WITHHOLD_ANSWER -> {
                forward(call, body);
                Thread.sleep(Long.MAX_VALUE);
            }
            case STATUS_500 -> out.write(status("500 Internal Server Error", "InternalError"));
            case STATUS_503 -> out.write(status("503 Service Unavailable", "SlowDown"));
            case STATUS_500_IN_PLACE_OF_ANSWER -> {
                forward(call, body);
                out.write(status("500 Internal Server Error", "InternalError"));
            }
            case ERROR_IN_STATUS_200 -> out.write(status("200 OK", "InternalError"));
            case CUT_ANSWER -> {
                byte[] answer = forward(call, body);
                out.write(answer, 0, answer.length - answer.length / 4);
                out.flush();
            }
            case CUT_HEAD -> {
                String answer = new String(forward(call, body), ISO_8859_1);
                out.write(answer.substring(0, answer.indexOf('\n', answer.indexOf('\n') + 1) + 1).getBytes(ISO_8859_1));
            }
            case NONE -> out.write(forward(call, body));
        }
    }

    private byte[] forward(Call call, byte[] body) throws IOException {
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            String head = call.head()
                    .replaceAll("(?i)\r\n(connection|expect):[^\r]*", "")
                    .replaceFirst("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
            socket.getOutputStream().write(head.getBytes(ISO_8859_1));
            socket.getOutputStream().write(body);
            socket.getOutputStream().flush();
            return answer(socket.getInputStream());
        }
    }

    /** Reads to the end, or to a reset: a server that answers before it has read all of a request may end with one. */
    private static byte[] answer(InputStream in) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        try {
            in.transferTo(answer);
        } catch (SocketException e) {
            if (answer.size() == 0) {
                throw e;
            }
        }
        return answer.toByteArray();
    }

    private static byte[] status(String status, String code) {
        String body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>as asked</Message></Error>";
        return ("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Type: application/xml\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body).getBytes(ISO_8859_1);
    }

    private static int length(String head) {
        for (String line : head.split("\r\n", -1)) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                return Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
            }
        }
        return 0;
    }

    private static String head(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int b;
        while ((b = in.read()) >= 0) {
            head.write(b);
            if (b == '\n' && head.toString(ISO_8859_1).endsWith("\r\n\r\n")) {
                return head.toString(ISO_8859_1);
            }
        }
        return "";
    }
}
