#!/bin/bash
# The agent with the JVM flags that Cassandra's own code needs (it reads commit logs with that code).
set -euo pipefail
mapfile -t flags < <(grep -E '^-' /etc/cassandra/jvm17-server.options | grep -E '^(--add-|-Djdk|-Dio\.netty)')
exec java -Xms64m -Xmx512m "${flags[@]}" \
  -Dcassandra.storagedir=/var/lib/cassandra \
  -cp /opt/agent/launcher:/opt/agent/connector.jar \
  io.debezium.connector.cassandra.FozAgentLauncher /etc/agent/agent.properties
