// `foz verify --repair` with what foz.yaml names: the topic that records go to, and the connector's signal topic.

import { randomUUID } from 'node:crypto';
import { signalTopic } from '../../connectors/users.ts';
import { repairTable, type Repaired } from '../../quality/reconcile/repair.ts';
import { repeatedOffsets } from '../../quality/reconcile/repeated-offsets.ts';
import { openKafkaAdmin } from '../kafka-admin.ts';
import { usersSettings } from '../settings.ts';
import { kafkaOptions } from '../wire.ts';
import { verifiedOf, withReconcileInput, type Verified, type VerifyInput } from './verify-table.ts';

/** What `foz verify` says of the state after the repair (before it, in a dry run), and what was done. */
export interface RepairedTable extends Verified {
  readonly repair: Omit<Repaired, 'before' | 'after'> & { readonly before: Pick<Verified, 'missing' | 'extra' | 'differing'> };
}

export async function repairVerified(input: VerifyInput, isDryRun: boolean, signal: AbortSignal): Promise<RepairedTable> {
  const { target, loaded, samplesMax = 20 } = input;
  const { maxKeys, keysPerSignal } = loaded.config.verify.repair;
  const users = usersSettings(loaded);
  return withReconcileInput(input, signal, async (parts) => {
    const { before, after, ...done } = await repairTable(
      {
        ...parts,
        topic: target.topic,
        repairId: randomUUID(),
        signals: users && { topic: signalTopic(users.topicPrefix), topicPrefix: users.topicPrefix },
        publish: async (records) => {
          if (records.length === 0) return;
          await using admin = await openKafkaAdmin(kafkaOptions(loaded));
          await admin.produce(records);
        },
        keysMax: maxKeys,
        keysPerSignal,
        waitMs: input.waitMs ?? 60_000,
        isDryRun,
      },
      signal,
    );
    const repeated = await repeatedOffsets(parts.lake, parts.ident, samplesMax, signal);
    const { missing, extra, differing } = before;
    return { ...verifiedOf(target, after ?? before, repeated, samplesMax), repair: { ...done, before: { missing, extra, differing } } };
  });
}
