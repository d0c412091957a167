// One change of a contract while it is made: which versions it touches, and what the history will say. The store applies
// it whole, to the revision that it began from, or not at all.

import type { RequestContext } from '../service/request-context.ts';
import type { AuditAction, AuditEntry, ChangeRecord } from '../store/change-record.ts';
import type {
  ContractAction,
  ContractChange,
  ContractEvent,
  StoredContract,
  StoredEffective,
  StoredVersion,
} from '../store/contract-store.ts';
import { activated, tablesHeld } from './in-force.ts';

export interface ContractDraft {
  readonly id: string;
  readonly stored: StoredContract | null;
  readonly versions: Map<string, StoredVersion>;
  readonly changed: Set<string>;
  readonly documents: { readonly version: string; readonly text: string }[];
  readonly events: ContractEvent[];
}

export function draftOf(id: string, stored: StoredContract | null): ContractDraft {
  const versions = new Map((stored?.versions ?? []).map((version) => [version.version, version]));
  return { id, stored, versions, changed: new Set(), documents: [], events: [] };
}

export function put(draft: ContractDraft, version: StoredVersion): void {
  draft.versions.set(version.version, version);
  draft.changed.add(version.version);
}

export function record(
  draft: ContractDraft,
  event: Omit<ContractEvent, 'revision' | 'effective'> & { readonly effective?: StoredEffective },
): void {
  draft.events.push({ effective: null, ...event, revision: (draft.stored?.revision ?? 0) + 1 });
}

/** The one before it is deprecated in the same step; it judges on until the new one's effect. */
export function activate(draft: ContractDraft, version: StoredVersion, effective: StoredEffective, at: number, note: string | null): void {
  const ranked = activated([...draft.versions.values()]);
  const activation = (ranked[0]?.activation ?? 0) + 1;
  put(draft, { ...version, state: 'active', activation, activatedAt: at, effective });
  record(draft, { at, version: version.version, action: 'activated', from: version.state, to: 'active', effective, note });
  for (const before of ranked) {
    if (before.state !== 'active') continue;
    put(draft, { ...before, state: 'deprecated' });
    const superseded = `superseded by ${version.version}`;
    record(draft, { at, version: before.version, action: 'deprecated', from: 'active', to: 'deprecated', note: superseded });
  }
}

export function changeOf(draft: ContractDraft): ContractChange {
  const versions = [...draft.versions.values()];
  return {
    id: draft.id,
    expectedRevision: draft.stored?.revision ?? null,
    versions: versions.filter(({ version }) => draft.changed.has(version)),
    documents: draft.documents,
    events: draft.events,
    tables: tablesHeld(versions),
  };
}

const auditActions = {
  registered: 'contract.register',
  activated: 'contract.activate',
  deprecated: 'contract.deprecate',
  retired: 'contract.retire',
} as const satisfies Record<ContractAction, AuditAction>;

/** What the audit log says of it: the contract's own history, with who did it. */
export function recordOfChange({ id, events }: ContractChange, { actor }: RequestContext): ChangeRecord {
  const audit = events.map(({ at, version, action, from, to, effective, note }): AuditEntry => {
    const after = { version, state: to, ...(effective === null ? {} : { effective }), ...(note === null ? {} : { note }) };
    return { at, actor, action: auditActions[action], subject: id, before: from === null ? null : { version, state: from }, after };
  });
  return { audit, reply: null };
}

export function merged(stored: StoredContract | null, change: ContractChange): StoredContract {
  const versions = new Map((stored?.versions ?? []).map((version) => [version.version, version]));
  for (const version of change.versions) versions.set(version.version, version);
  return { id: change.id, revision: (stored?.revision ?? 0) + 1, versions: [...versions.values()] };
}
