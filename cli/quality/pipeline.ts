// What stands before the lake, asked of Kafka, PostgreSQL and Kafka Connect as foz.yaml names them: connections are opened
// for the question and closed after it, since it is asked now and then.

import { connectClient } from '../../connectors/connect-client.ts';
import { agentHealth, connectorHealth, slotHealth, type ConnectorHealth } from '../../connectors/health.ts';
import type { ConnectorState, PipelineView, SlotState, TableLog } from '../../quality/cdc/pipeline-view.ts';
import type { Logger } from '../../runtime/log.ts';
import { openPostgres } from '../../sources/postgres-client.ts';
import type { TableTarget } from '../../sync/table.ts';
import type { LoadedConfig } from '../config.ts';
import { openKafkaAdmin } from '../kafka-admin.ts';
import { postgresSettings, tableTargets, usersSettings } from '../settings.ts';
import { kafkaOptions, openLog } from '../wire.ts';

const healthTimeoutMs = 5_000;

export function pipelineOf(loaded: LoadedConfig, logger: Logger): PipelineView {
  const targetOf = (table: string): TableTarget | null => tableTargets(loaded.config).find(({ ident }) => ident.name === table) ?? null;
  return {
    log: async (table, signal) => {
      const target = targetOf(table);
      return target === null ? null : tableLog(loaded, target.topic, logger, signal);
    },
    slot: async (table, signal) => {
      const target = targetOf(table);
      return target !== null && sourceOf(loaded, target) === 'postgres' ? slotState(loaded, signal) : null;
    },
    connectors: async (table, signal) => {
      const target = targetOf(table);
      return target === null ? [] : connectorStates(loaded, target, signal);
    },
  };
}

function sourceOf({ config }: LoadedConfig, { topic }: TableTarget): 'postgres' | 'cassandra' | null {
  const prefix = topic.split('.')[0];
  if (prefix === config.connectors.postgres?.topicPrefix) return 'postgres';
  return prefix === config.connectors.cassandra?.topicPrefix ? 'cassandra' : null;
}

async function tableLog(loaded: LoadedConfig, topic: string, logger: Logger, signal?: AbortSignal): Promise<TableLog | null> {
  await using log = openLog(loaded, logger);
  const [described] = await log.describe([topic], signal);
  if (!described) return null;
  const partitions = await log.offsets(topic, signal);
  await using admin = await openKafkaAdmin(kafkaOptions(loaded));
  const config = (await admin.describeTopics([topic])).get(topic)?.config ?? {};
  const retentionMs = Number(config['retention.ms'] ?? -1);
  const isDeleted = (config['cleanup.policy'] ?? 'delete').includes('delete');
  return {
    topic,
    topicId: described.topicId,
    partitions,
    retentionMs: isDeleted && retentionMs >= 0 ? retentionMs : null,
    oldestUnreadAt: (next, until) => oldestUnreadAt(loaded, topic, { next, partitions, retentionMs }, until),
  };
}

interface Unread {
  readonly next: ReadonlyMap<number, bigint>;
  readonly partitions: TableLog['partitions'];
  readonly retentionMs: number;
}

const precisionMs = 500;
const monthMs = 31 * 86_400_000;

/**
 * The broker tells which offset a time has, not which time an offset has: so the time is closed in on. Log time rises with
 * the offset; a topic whose producers set the time gives an estimate.
 */
async function oldestUnreadAt(loaded: LoadedConfig, topic: string, unread: Unread, signal?: AbortSignal): Promise<number | null> {
  const { next, partitions, retentionMs } = unread;
  const behind = [...partitions].filter(([partition, { highWatermark }]) => (next.get(partition) ?? 0n) < highWatermark);
  if (behind.length === 0) return null;
  await using admin = await openKafkaAdmin(kafkaOptions(loaded));
  let late = Date.now();
  let early = late - Math.max(retentionMs, monthMs);
  while (late - early > precisionMs) {
    signal?.throwIfAborted();
    const middle = Math.floor((early + late) / 2);
    const offsets = await admin.offsetsAt(topic, middle);
    // Some unread record is older than `middle`: where its offsets begin behind the one that is to come.
    const isOlder = behind.some(([partition]) => (offsets.get(partition) ?? 0n) > (next.get(partition) ?? 0n));
    if (isOlder) late = middle;
    else early = middle;
  }
  return late;
}

async function slotState(loaded: LoadedConfig, signal?: AbortSignal): Promise<SlotState | null> {
  const [settings, users] = [postgresSettings(loaded), usersSettings(loaded)];
  if (!settings || !users) return null;
  await using client = await openPostgres(settings, signal);
  const slot = await slotHealth((sql, parameters, until) => client.query(sql, parameters, until), users.slot, signal);
  if (slot === null)
    return { name: users.slot, isLost: true, isActive: false, retainedBytes: 0, limitBytes: null, reason: 'there is no such slot' };
  const { retainedWalBytes, safeWalBytes, walStatus, invalidationReason, isActive } = slot;
  return {
    name: users.slot,
    isLost: walStatus === 'lost' || invalidationReason !== null,
    isActive,
    retainedBytes: Number(retainedWalBytes),
    // What may still be written and what is held together are what the server allows.
    limitBytes: safeWalBytes === null ? null : Number(retainedWalBytes + safeWalBytes),
    reason: invalidationReason,
  };
}

async function connectorStates(loaded: LoadedConfig, target: TableTarget, signal?: AbortSignal): Promise<readonly ConnectorState[]> {
  const { connect, connectors } = loaded.config;
  if (sourceOf(loaded, target) === 'cassandra') {
    const url = connectors.cassandra?.agentUrl;
    if (url === undefined) return [];
    const agent = await agentHealth(url, healthTimeoutMs, signal);
    return [{ name: `agent ${url}`, isRunning: agent.kind === 'running', reason: 'reason' in agent ? agent.reason : null }];
  }
  const users = usersSettings(loaded);
  if (!connect || !users || sourceOf(loaded, target) !== 'postgres') return [];
  const health = await connectorHealth(connectClient({ ...connect, requestTimeoutMs: healthTimeoutMs }), users.name, signal);
  return [{ name: users.name, isRunning: health.kind === 'running', reason: reasonOf(health) }];
}

function reasonOf(health: ConnectorHealth): string | null {
  if (health.kind === 'running') return null;
  return 'reason' in health ? `${health.kind}: ${health.reason}` : `it is ${health.kind}`;
}
