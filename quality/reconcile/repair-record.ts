// A record that Foz adds to a topic so that a table's current rows become its source's: key and value in the connector's
// own form, so that everything behind the topic takes it as any change, and a header that says whose it is.

import { exactJsonText, isJsonObject } from '../../sources/exact-json.ts';

export interface RepairRecord {
  readonly topic: string;
  /** Where the key's events stand; null: where the key's bytes send it, as they did the connector's. */
  readonly partition: number | null;
  readonly key: Uint8Array;
  /** Null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

export const repairHeader = 'foz.repair';

export function repairRecord(
  { topic, repairId }: { readonly topic: string; readonly repairId: string },
  partition: number | null,
  key: Uint8Array,
  value: string | null,
): RepairRecord {
  return { topic, partition, key, value: value === null ? null : Buffer.from(value), headers: { [repairHeader]: repairId } };
}

/** Members of an object by name, with others in their place; those that the object does not have are left out. */
export function withMembers(object: unknown, members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (!isJsonObject(object)) return members;
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, Object.hasOwn(members, name) ? members[name] : value]));
}

/** `ts_ms`, `ts_us` and `ts_ns` of an instant. */
export function eventTimes(us: bigint): Readonly<Record<string, unknown>> {
  return { ts_ms: Number(us / 1000n), ts_us: us, ts_ns: us * 1000n };
}

/** `raw`: members that are JSON text already, in which doubles keep their spelling. */
export function eventText(members: Readonly<Record<string, unknown>>, raw: Readonly<Record<string, string>> = {}): string {
  return `{${Object.entries(members)
    .map(([name, value]) => `${JSON.stringify(name)}:${raw[name] ?? exactJsonText(value)}`)
    .join(',')}}`;
}
