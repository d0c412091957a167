# syntax=docker/dockerfile:1.7
# Two images of one base, so that the agent reads commit logs with the uid and the settings of the node beside it.
#   node   Cassandra with change data capture switched on
#   agent  the Debezium agent, started by our launcher (loopback health, watchdog)

FROM cassandra:5.0.9 AS node
RUN sed -i \
      -e 's/^cluster_name:.*/cluster_name: foz/' \
      -e 's/^cdc_enabled:.*/cdc_enabled: true/' \
      -e 's/^commitlog_sync_period:.*/commitlog_sync_period: 100ms/' \
      -e 's/^commitlog_segment_size:.*/commitlog_segment_size: 1MiB/' \
      /etc/cassandra/cassandra.yaml \
 && sed -i -E '/^#? ?(cdc_block_writes|cdc_on_repair_enabled|cdc_raw_directory):/d' /etc/cassandra/cassandra.yaml \
 && printf '%s\n' 'cdc_block_writes: false' 'cdc_on_repair_enabled: false' 'cdc_raw_directory: /var/lib/cassandra/cdc_raw' \
      >> /etc/cassandra/cassandra.yaml

FROM eclipse-temurin:17.0.17_10-jdk-noble AS launcher
ADD --checksum=sha256:8f443ad760fbe6bb84fc290e98d43e26a189a81c8817cd12ea9e12ef4f66758e https://repo1.maven.org/maven2/io/debezium/debezium-connector-cassandra-5/3.4.1.Final/debezium-connector-cassandra-5-3.4.1.Final-jar-with-dependencies.jar /agent/connector.jar
COPY stack/java/ /source/
RUN javac -cp /agent/connector.jar -d /agent/launcher $(find /source -name '*.java')

FROM node AS agent
COPY --from=launcher /agent/ /opt/agent/
COPY containers/agent-start.sh /opt/agent/start.sh
RUN apt-get update \
 && apt-get install --yes --no-install-recommends curl \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /var/lib/agent/offsets /var/lib/agent/relocation \
 && chown -R cassandra:cassandra /var/lib/agent
USER cassandra
ENTRYPOINT ["/bin/bash", "/opt/agent/start.sh"]
