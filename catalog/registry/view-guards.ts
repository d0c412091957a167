// What a registry answered, looked at before it is believed.

import { isListOf, isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import type { Consumer, Consumers } from '../lineage/consumers.ts';
import type { AffectedTable } from './affected-consumers.ts';
import type { ContractView, EventView, InForceView, VersionView } from './contract-views.ts';
import type { EffectiveBody } from './effective.ts';
import { isOffset } from './effective.ts';
import type { Registered } from './registry-service.ts';

const states: ReadonlySet<unknown> = new Set(['draft', 'active', 'deprecated', 'retired']);

export function isVersionView(value: unknown): value is VersionView {
  return (
    isRecord(value) &&
    ['version', 'registeredAt', 'format', 'documentName', 'digest'].every((name) => isString(value[name])) &&
    typeof value['documentBytes'] === 'number' &&
    states.has(value['state']) &&
    isTextOrNull(value['activatedAt']) &&
    isListOf(isString)(value['tables']) &&
    isEffectiveOrNull(value['effective'])
  );
}

export function isInForceView(value: unknown): value is InForceView {
  return isRecord(value) && isString(value['id']) && isVersionView(value);
}

export function isContractView(value: unknown): value is ContractView {
  return (
    isRecord(value) &&
    isString(value['id']) &&
    typeof value['revision'] === 'number' &&
    isString(value['latest']) &&
    isTextOrNull(value['inForce']) &&
    isListOf(isVersionView)(value['versions'])
  );
}

export function isEventView(value: unknown): value is EventView {
  return (
    isRecord(value) &&
    typeof value['revision'] === 'number' &&
    ['at', 'version', 'action'].every((name) => isString(value[name])) &&
    (value['from'] === null || states.has(value['from'])) &&
    states.has(value['to']) &&
    isEffectiveOrNull(value['effective']) &&
    isTextOrNull(value['note'])
  );
}

export function isRegistered(value: unknown): value is Registered {
  return (
    isRecord(value) &&
    isString(value['outcome']) &&
    isString(value['version']) &&
    isContractView(value['contract']) &&
    isListOf(isString)(value['warnings']) &&
    isListOf(isAffectedTable)(value['consumers'])
  );
}

export function isAffectedTable(value: unknown): value is AffectedTable {
  return isConsumers(value) && isRecord(value) && isString(value['table']) && isTextsOrNull(value['columns']);
}

export function isConsumers(value: unknown): value is Consumers {
  return isRecord(value) && isListOf(isConsumer)(value['consumers']) && typeof value['isTruncated'] === 'boolean';
}

function isConsumer(value: unknown): value is Consumer {
  return (
    isRecord(value) &&
    ['namespace', 'name'].every((name) => isString(value[name])) &&
    ['type', 'lastSeen'].every((name) => isTextOrNull(value[name])) &&
    isListOf(isString)(value['owners']) &&
    isListOf(isString)(value['via']) &&
    isTextsOrNull(value['columns'])
  );
}

function isTextsOrNull(value: unknown): boolean {
  return value === null || isListOf(isString)(value);
}

function isEffectiveOrNull(value: unknown): value is EffectiveBody | null {
  if (value === null) return true;
  if (!isRecord(value)) return false;
  const { kind, time, topic, offsets } = value;
  if (kind === 'now') return true;
  if (kind === 'time') return isString(time);
  return (
    kind === 'offset' && isString(topic) && isRecord(offsets) && Object.values(offsets).every((text) => isString(text) && isOffset(text))
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isString(value);
}
