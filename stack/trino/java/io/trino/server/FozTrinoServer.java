package io.trino.server;

/** The main class that a server archive would carry: it tells the server its own version. */
public final class FozTrinoServer {
    private FozTrinoServer() {}

    public static void main(String[] args) {
        new Server().start(System.getProperty("trino.version"));
    }
}
