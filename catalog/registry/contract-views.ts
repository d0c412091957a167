// What the registry tells of what it keeps: the same shapes in process, over HTTP and on the command line.

import { newestInForce } from './in-force.ts';
import type { Contract, ContractState } from '../../contracts/contract.ts';
import type { ContractAction, ContractEvent, StoredContract, StoredVersion } from '../store/contract-store.ts';
import { effectiveBody, type EffectiveBody } from './effective.ts';
import { compareVersions } from './semantic-version.ts';

export interface VersionView {
  readonly version: string;
  readonly state: ContractState;
  /** ISO 8601, UTC; null while it is a draft. */
  readonly activatedAt: string | null;
  readonly effective: EffectiveBody | null;
  readonly registeredAt: string;
  readonly tables: readonly string[];
  readonly format: string;
  readonly documentName: string;
  readonly documentBytes: number;
  /** SHA-256 of the document, hex. */
  readonly digest: string;
}

export interface ContractView {
  readonly id: string;
  /** Rises with every change: `expectedRevision` of the next. */
  readonly revision: number;
  /** Highest version, whatever its state. */
  readonly latest: string;
  /** The one that judges rows, or will from its effect on; null when there is none. */
  readonly inForce: string | null;
  /** Highest first. */
  readonly versions: readonly VersionView[];
}

export interface InForceView extends VersionView {
  /** Of the contract. */
  readonly id: string;
}

export interface VersionDocument extends InForceView {
  /** As it was registered, byte for byte. */
  readonly document: string;
  /** What it says, in one form whatever it was written in. */
  readonly contract: Contract;
}

export interface EventView {
  readonly revision: number;
  readonly at: string;
  readonly version: string;
  readonly action: ContractAction;
  readonly from: ContractState | null;
  readonly to: ContractState;
  readonly effective: EffectiveBody | null;
  readonly note: string | null;
}

export function contractView({ id, revision, versions }: StoredContract): ContractView {
  const sorted = [...versions].sort((a, b) => compareVersions(b.version, a.version));
  return { id, revision, latest: sorted[0]?.version ?? '', inForce: newestInForce(versions), versions: sorted.map(versionView) };
}

export function versionView(stored: StoredVersion): VersionView {
  const { version, state, tables, format, documentName, documentBytes, digest } = stored;
  return {
    version,
    state,
    activatedAt: isoOf(stored.activatedAt),
    effective: stored.effective && effectiveBody(stored.effective),
    registeredAt: new Date(stored.registeredAt).toISOString(),
    tables,
    format,
    documentName,
    documentBytes,
    digest,
  };
}

export function eventView(event: ContractEvent): EventView {
  const { revision, at, version, action, from, to, effective, note } = event;
  return { revision, at: new Date(at).toISOString(), version, action, from, to, effective: effective && effectiveBody(effective), note };
}

function isoOf(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
