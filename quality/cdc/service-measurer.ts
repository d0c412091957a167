// The measurer of what runs before the log: the replication slot and the WAL it holds back, connectors and agents.

import type { Finding, Measurer } from '../measurer.ts';
import type { ConnectorState, PipelineView, SlotState } from './pipeline-view.ts';

export function serviceMeasurer(pipeline: PipelineView): Measurer {
  return {
    name: 'services',
    answers: (measure) => measure.kind === 'cdc' && (measure.of === 'slotRetainedWal' || measure.of === 'connectorsDown'),
    measure: async (checks, { table }, signal) => {
      const found = new Map<string, Finding>();
      for (const { id, measure } of checks) {
        if (measure.kind !== 'cdc') continue;
        const finding =
          measure.of === 'slotRetainedWal'
            ? ofSlot(await pipeline.slot(table.name, signal))
            : ofConnectors(await pipeline.connectors(table.name, signal));
        found.set(id, finding);
      }
      return found;
    },
  };
}

function ofSlot(slot: SlotState | null): Finding {
  if (slot === null) return { kind: 'skipped', reason: 'this table comes through no replication slot' };
  const { name, isLost, retainedBytes, limitBytes, isActive } = slot;
  if (isLost) return { kind: 'error', reason: `slot ${name} is lost${slot.reason === null ? '' : `: ${slot.reason}`} (foz check)` };
  const limit =
    limitBytes === null ? 'max_slot_wal_keep_size has no limit: a slot that nobody reads fills the disk' : `of ${limitBytes} allowed`;
  const reader = isActive ? '' : '; nobody reads it now';
  return {
    kind: 'measured',
    measured: { value: retainedBytes, text: null, total: limitBytes, exactness: 'exact', by: 'service' },
    failing: null,
    keys: [],
    reason: `slot ${name} holds back ${retainedBytes} bytes of WAL, ${limit}${reader}`,
  };
}

function ofConnectors(connectors: readonly ConnectorState[]): Finding {
  if (connectors.length === 0) return { kind: 'skipped', reason: 'no connector of this table is configured' };
  const down = connectors.filter(({ isRunning }) => !isRunning);
  return {
    kind: 'measured',
    measured: { value: down.length, text: null, total: connectors.length, exactness: 'exact', by: 'service' },
    failing: null,
    keys: down.map(({ name }) => ({ connector: name })),
    reason:
      down.length === 0
        ? `${connectors.map(({ name }) => name).join(', ')}: running`
        : down.map(({ name, reason }) => `${name} does not run${reason === null ? '' : `: ${reason}`}`).join('; '),
  };
}
