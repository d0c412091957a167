package io.debezium.connector.cassandra;

import com.sun.net.httpserver.HttpServer;
import io.debezium.config.Configuration;
import io.debezium.connector.cassandra.transforms.CassandraTypeDeserializer;
import io.debezium.connector.cassandra.transforms.type.UserDefinedTypeDeserializer;
import io.debezium.connector.cassandra.transforms.type.deserializer.AbstractTypeDeserializer;
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.cassandra.db.commitlog.CommitLogPosition;
import org.apache.cassandra.db.commitlog.CommitLogReader;
import org.apache.commons.math3.util.Pair;

/**
 * Starts the Debezium agent for Cassandra the way its own main class does, with these differences.
 *
 * <p>Its HTTP server binds every interface and cannot be told otherwise; here GET /health answers on loopback only.
 *
 * <p>A commit log that cannot be read stops it. By itself the agent logs an exception (a column type it does not
 * know, for one), moves the whole segment away as if it had been read, and deletes it: every other change in it is
 * lost without a word. A java.lang.Error does less: it vanishes in a Future that nobody asks, no event ever comes
 * again and the agent still calls itself healthy. And a single change that does not fit the table as the agent knows it
 * (after ALTER TYPE, or ALTER TABLE of a table with such a type, whose new form it does not take in) it logs and passes
 * over. Here each ends the process at once with exit code 3, before anything is given up, so that whoever supervises it
 * can see and nothing is lost: started again, it reads the schema of now and goes on from the change before. Values of a
 * type from before a field was added to it are read then too.
 *
 * <p>It lives in the connector's package because the parts it puts together are visible only there.
 */
public final class FozAgentLauncher {
    private static final int EXIT_CONFIG = 2;
    private static final int EXIT_COMMIT_LOG_UNREADABLE = 3;
    private static final int EXIT_STOPPED = 1;
    private static final long WATCH_INTERVAL_MS = 250;

    /** Set before the readers are interrupted: what they say then is no failure. */
    private static volatile boolean isStopping = false;

    private FozAgentLauncher() {}

    public static void main(String[] args) throws Exception {
        CassandraConnectorConfig config = load(args[0]);
        if (!config.validateAndRecord(config.getValidationFieldSet(), problem -> System.err.println("CONFIG " + problem))) {
            System.exit(EXIT_CONFIG);
        }
        CassandraTypeProvider types = new Cassandra5TypeProvider();
        CassandraTypeDeserializer.init(
                withOlderValues(types.deserializers()), config.getDecimalMode(), config.getVarIntMode(), types.baseTypeForReversedType());

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
                stopOnFailure(segmentReader(context, metrics)),
                new java.io.File(org.apache.cassandra.config.DatabaseDescriptor.getCDCLogLocation()));
        var processors = task.initProcessorGroup(context, factory.recordEmitter(context), commitLog);

        processors.start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            isStopping = true;
            processors.terminate();
            context.cleanUp();
        }));
        serveHealth(config.httpPort(), processors);
        System.out.println("agent started");
        watch(processors);
    }

    /** The agent's own, but for values of user-defined types. */
    private static List<AbstractTypeDeserializer> withOlderValues(List<AbstractTypeDeserializer> all) {
        return all.stream()
                .map(one -> one instanceof UserDefinedTypeDeserializer ? new OlderValues() : one)
                .collect(Collectors.toList());
    }

    /**
     * A value written before ALTER TYPE … ADD ends before the new fields; the agent by itself fails on it for ever, once it
     * has the type of now. The fields that it has not are null.
     */
    static final class OlderValues extends UserDefinedTypeDeserializer {
        OlderValues() {
            super((type, bytes) -> CassandraTypeDeserializer.deserialize(type, bytes));
        }

        @Override
        protected List<ByteBuffer> bbList(Object type, ByteBuffer value) {
            List<ByteBuffer> held = new ArrayList<>(super.bbList(type, value));
            while (held.size() < fieldNames(type).size()) held.add(null);
            return held;
        }
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

    /** The agent's own, but for changes that cannot be read. */
    private static CommitLogSegmentReader segmentReader(
            CassandraConnectorContext context, io.debezium.connector.cassandra.metrics.CassandraStreamingMetrics metrics) {
        var reader = new CommitLogReader();
        var handler = new Cassandra5CommitLogReadHandlerImpl(context, metrics) {
            @Override
            public void handleUnrecoverableError(CommitLogReadException failure) {
                if (!isStopping) die("cannot read a change", failure);
                super.handleUnrecoverableError(failure);
            }
        };
        return (segment, segmentId, offset) -> reader.readCommitLogSegment(
                handler,
                new org.apache.cassandra.io.util.File(segment),
                new CommitLogPosition(segmentId, offset),
                CommitLogReader.ALL_MUTATIONS,
                false);
    }

    private static CommitLogSegmentReader stopOnFailure(CommitLogSegmentReader reader) {
        return (segment, segmentId, offset) -> {
            try {
                reader.readCommitLogSegment(segment, segmentId, offset);
            } catch (Throwable failure) {
                if (isStopping) throw failure;
                die("cannot read " + segment + " from offset " + offset, failure);
            }
        };
    }

    private static void watch(CassandraConnectorTaskTemplate.ProcessorGroup processors) throws InterruptedException {
        while (processors.isRunning()) {
            for (Pair<CommitLogIdxParser, Future<CommitLogProcessingResult>> submitted : CommitLogIdxProcessor.submittedProcessings) {
                Throwable failure = failureOf(submitted.getSecond());
                if (failure != null && !isStopping) die("the commit log task died", failure);
            }
            Thread.sleep(WATCH_INTERVAL_MS);
        }
        System.err.println("a processor stopped");
        System.exit(EXIT_STOPPED);
    }

    private static Throwable failureOf(Future<CommitLogProcessingResult> task) throws InterruptedException {
        if (!task.isDone() || task.isCancelled()) return null;
        try {
            return task.get().ex;
        } catch (ExecutionException failed) {
            return failed.getCause();
        }
    }

    /** Halts instead of exiting: the shutdown hooks wait for the very task that has just failed. */
    private static void die(String what, Throwable failure) {
        System.err.println("FATAL " + what + "; no change is passed over, the agent stops here");
        failure.printStackTrace();
        Runtime.getRuntime().halt(EXIT_COMMIT_LOG_UNREADABLE);
    }
}
