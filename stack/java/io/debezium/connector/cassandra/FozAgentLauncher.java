package io.debezium.connector.cassandra;

import com.sun.net.httpserver.HttpServer;
import io.debezium.config.Configuration;
import io.debezium.connector.cassandra.transforms.CassandraTypeDeserializer;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.commons.math3.util.Pair;

/**
 * Starts the Debezium agent for Cassandra the way its own main class does, with two differences.
 *
 * <p>Its HTTP server binds every interface and cannot be told otherwise; here GET /health answers on loopback only.
 *
 * <p>A java.lang.Error in the task that reads the commit log (a column type it cannot format, for one) vanishes in a
 * Future that nobody asks: no event ever comes again and the agent still calls itself healthy. The watchdog asks, and
 * ends the process with exit code 3 so that whoever supervises it can see.
 *
 * <p>It lives in the connector's package because the parts it puts together are visible only there.
 */
public final class FozAgentLauncher {
    private static final int EXIT_CONFIG = 2;
    private static final int EXIT_COMMIT_LOG_TASK_DIED = 3;
    private static final int EXIT_STOPPED = 1;
    private static final long WATCH_INTERVAL_MS = 250;

    private FozAgentLauncher() {}

    public static void main(String[] args) throws Exception {
        CassandraConnectorConfig config = load(args[0]);
        if (!config.validateAndRecord(config.getValidationFieldSet(), problem -> System.err.println("CONFIG " + problem))) {
            System.exit(EXIT_CONFIG);
        }
        CassandraTypeProvider types = new Cassandra5TypeProvider();
        CassandraTypeDeserializer.init(
                types.deserializers(), config.getDecimalMode(), config.getVarIntMode(), types.baseTypeForReversedType());

        ComponentFactory factory = new ComponentFactoryStandalone();
        DefaultCassandraConnectorContext context = new DefaultCassandraConnectorContext(
                config,
                new CassandraConnectorTask.Cassandra5SchemaLoader(),
                new CassandraConnectorTask.Cassandra5SchemaChangeListenerProvider(),
                factory.offsetWriter(config));
        CassandraConnectorTaskTemplate task = CassandraConnectorTask.init(config, factory);
        var metrics = new io.debezium.connector.cassandra.metrics.CassandraStreamingMetrics(context);
        var commitLog = new CommitLogIdxProcessor(
                context,
                metrics,
                new Cassandra5CommitLogSegmentReader(context, metrics),
                new java.io.File(org.apache.cassandra.config.DatabaseDescriptor.getCDCLogLocation()));
        var processors = task.initProcessorGroup(context, factory.recordEmitter(context), commitLog);

        processors.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            processors.terminate();
            context.cleanUp();
        }));
        serveHealth(config.httpPort(), processors);
        System.out.println("agent started");
        watch(processors);
    }

    private static CassandraConnectorConfig load(String path) throws Exception {
        try (InputStream in = new FileInputStream(path)) {
            return new CassandraConnectorConfig(Configuration.load(in));
        }
    }

    private static void serveHealth(int port, CassandraConnectorTaskTemplate.ProcessorGroup processors) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.createContext("/health", exchange -> {
            boolean isRunning = processors.isRunning();
            byte[] body = ("{\"running\":" + isRunning + "}").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("content-type", "application/json");
            exchange.sendResponseHeaders(isRunning ? 200 : 503, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
    }

    private static void watch(CassandraConnectorTaskTemplate.ProcessorGroup processors) throws InterruptedException {
        while (processors.isRunning()) {
            for (Pair<CommitLogIdxParser, Future<CommitLogProcessingResult>> submitted : CommitLogIdxProcessor.submittedProcessings) {
                Throwable death = deathOf(submitted.getSecond());
                if (death == null) continue;
                System.err.println("FATAL the commit log task died; no further change would be captured");
                death.printStackTrace();
                // halt, not exit: the shutdown hooks wait for the queue of the task that has just died
                Runtime.getRuntime().halt(EXIT_COMMIT_LOG_TASK_DIED);
            }
            Thread.sleep(WATCH_INTERVAL_MS);
        }
        System.err.println("a processor stopped");
        System.exit(EXIT_STOPPED);
    }

    private static Throwable deathOf(Future<CommitLogProcessingResult> task) throws InterruptedException {
        if (!task.isDone() || task.isCancelled()) return null;
        try {
            task.get();
            return null;
        } catch (ExecutionException failed) {
            return failed.getCause();
        }
    }
}
