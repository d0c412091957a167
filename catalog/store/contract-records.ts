// Stored records of the registry, read back from their JSON text. What does not have its members was written by something
// else, and is refused rather than guessed at.

import type { ContractState } from '../../contracts/contract.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import type { ContractAction, ContractEvent, StoredEffective, StoredVersion } from './contract-store.ts';

const states: readonly ContractState[] = ['draft', 'active', 'deprecated', 'retired'];
const actions: readonly ContractAction[] = ['registered', 'activated', 'deprecated', 'retired'];

export function readVersion(text: string, path: string): StoredVersion {
  const value: unknown = JSON.parse(text);
  if (isVersion(value)) return value;
  throw malformed('version', path);
}

export function readEvent(text: string, path: string): ContractEvent {
  const value: unknown = JSON.parse(text);
  if (isEvent(value)) return value;
  throw malformed('event', path);
}

function malformed(what: string, path: string): LakeError {
  return new LakeError('CATALOG_REFUSED', `a contract ${what} stored in ${path} is malformed`, { context: { path } });
}

function isVersion(value: unknown): value is StoredVersion {
  return (
    isRecord(value) &&
    ['version', 'digest', 'documentName', 'format'].every((name) => typeof value[name] === 'string') &&
    ['documentBytes', 'registeredAt'].every((name) => typeof value[name] === 'number') &&
    ['activation', 'activatedAt'].every((name) => value[name] === null || typeof value[name] === 'number') &&
    isState(value['state']) &&
    isTexts(value['tables']) &&
    isEffective(value['effective'])
  );
}

function isEvent(value: unknown): value is ContractEvent {
  return (
    isRecord(value) &&
    typeof value['revision'] === 'number' &&
    typeof value['at'] === 'number' &&
    typeof value['version'] === 'string' &&
    actions.some((action) => action === value['action']) &&
    (value['from'] === null || isState(value['from'])) &&
    isState(value['to']) &&
    isEffective(value['effective']) &&
    (value['note'] === null || typeof value['note'] === 'string')
  );
}

function isEffective(value: unknown): value is StoredEffective | null {
  if (value === null) return true;
  if (!isRecord(value)) return false;
  if (value['kind'] === 'now') return true;
  if (value['kind'] === 'time') return typeof value['time'] === 'number';
  const offsets = value['offsets'];
  return (
    value['kind'] === 'offset' &&
    typeof value['topic'] === 'string' &&
    isRecord(offsets) &&
    Object.values(offsets).every((offset) => typeof offset === 'string')
  );
}

function isState(value: unknown): value is ContractState {
  return states.some((state) => state === value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
