// What outlives a crash of the process, so that no batch kills the worker for ever. Before a batch is written, a small
// marker says which offsets it holds; after it, the marker goes. A marker whose process is gone is a death: its offsets
// become a suspect, and after two deaths the decoder writes what overlaps it in a child process (isolate.ts). Rows found
// to kill are remembered with the hash of their value and never decoded again.
//
// Files, in one folder a worker: `<table>.<pid>.json` while that process writes, `<table>.json` suspects and poison.
// Losing them loses no data: it only takes two more deaths to find out again.

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../../runtime/is-alive.ts';
import { isRecord } from '../../runtime/options.ts';

export interface RowSpan {
  readonly partition: number;
  readonly from: bigint;
  readonly to: bigint;
}

export interface PoisonRow {
  readonly partition: number;
  readonly offset: bigint;
  /** Of the value, in hex: another topic under the same offsets is not meant. */
  readonly sha256: string;
}

export interface AttemptsOptions {
  /** Survives restarts. */
  readonly directory: string;
  readonly table: string;
}

export interface Attempts {
  readonly poison: readonly PoisonRow[];
  /** How often a process died while it wrote any of these offsets. */
  deaths(spans: readonly RowSpan[]): number;
  /** Leaves the marker; what it returns removes it. */
  begin(spans: readonly RowSpan[], rows: number): Promise<() => Promise<void>>;
  addPoison(rows: readonly PoisonRow[]): Promise<void>;
  /** These offsets are written: they are no suspects any more, nor is what lies before them. */
  passed(spans: readonly RowSpan[]): Promise<void>;
}

interface Suspect extends RowSpan {
  readonly deaths: number;
}

/** Of each kind; the oldest are forgotten. */
const rememberedMax = 1000;

export async function openAttempts({ directory, table }: AttemptsOptions): Promise<Attempts> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, `${table}.json`);
  const marker = join(directory, `${table}.${process.pid}.json`);
  const known = await readJson(file);
  let suspects = suspectsIn(isRecord(known) ? known['suspects'] : null);
  let poison = poisonIn(isRecord(known) ? known['poison'] : null);

  const save = async (): Promise<void> => {
    suspects = suspects.slice(-rememberedMax);
    poison = poison.slice(-rememberedMax);
    const text = JSON.stringify({ suspects: suspects.map(plainSpan), poison: poison.map(plainOffset) });
    await writeFile(`${file}.${process.pid}.new`, text);
    await rename(`${file}.${process.pid}.new`, file);
  };
  const dead = await deadMarkers(directory, table);
  for (const name of dead) {
    const left = await readJson(join(directory, name));
    const deaths = isRecord(left) && typeof left['deaths'] === 'number' ? left['deaths'] + 1 : 1;
    const spans = suspectsIn(isRecord(left) ? left['spans'] : null).map((span) => ({ ...span, deaths }));
    suspects = [...suspects.filter((suspect) => !spans.some((span) => covers(span, suspect))), ...spans];
  }
  if (dead.length > 0) await save();
  for (const name of dead) await rm(join(directory, name), { force: true });

  const deathsIn = (spans: readonly RowSpan[]): number =>
    suspects.reduce((most, suspect) => (spans.some((span) => overlaps(span, suspect)) ? Math.max(most, suspect.deaths) : most), 0);
  return {
    get poison() {
      return poison;
    },
    deaths: deathsIn,
    begin: async (spans, rows) => {
      await writeFile(marker, JSON.stringify({ rows, deaths: deathsIn(spans), spans: spans.map(plainSpan) }));
      return () => rm(marker, { force: true });
    },
    addPoison: async (rows) => {
      if (rows.length === 0) return;
      poison = [...poison, ...rows];
      await save();
    },
    passed: async (spans) => {
      if (suspects.length === 0) return;
      const left = suspects.filter((suspect) => !spans.some((span) => span.partition === suspect.partition && suspect.to <= span.to));
      if (left.length === suspects.length) return;
      suspects = left;
      await save();
    },
  };
}

/** Markers of processes that are gone; one of this very id is from before a restart. */
async function deadMarkers(directory: string, table: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => {
    if (!name.startsWith(`${table}.`)) return false;
    const pid = /^([0-9]+)\.json$/.exec(name.slice(table.length + 1))?.[1];
    return pid !== undefined && (Number(pid) === process.pid || !isAlive(Number(pid)));
  });
}

/** Null for a file that is absent or cut short. */
async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

function suspectsIn(value: unknown): Suspect[] {
  return listOf(value).flatMap((item) => {
    const { partition, from, to, deaths } = item;
    if (typeof partition !== 'number' || !isOffset(from) || !isOffset(to)) return [];
    return [{ partition, from: BigInt(from), to: BigInt(to), deaths: typeof deaths === 'number' ? deaths : 0 }];
  });
}

function poisonIn(value: unknown): PoisonRow[] {
  return listOf(value).flatMap((item) => {
    const { partition, offset, sha256 } = item;
    return typeof partition === 'number' && isOffset(offset) && typeof sha256 === 'string'
      ? [{ partition, offset: BigInt(offset), sha256 }]
      : [];
  });
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((item) => isRecord(item)) : [];
}

function isOffset(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9]+$/.test(value);
}

function plainSpan(span: RowSpan): object {
  return { ...span, from: span.from.toString(), to: span.to.toString() };
}

function plainOffset(row: PoisonRow): object {
  return { ...row, offset: row.offset.toString() };
}

function overlaps(a: RowSpan, b: RowSpan): boolean {
  return a.partition === b.partition && a.from < b.to && b.from < a.to;
}

function covers(a: RowSpan, b: RowSpan): boolean {
  return a.partition === b.partition && a.from <= b.from && b.to <= a.to;
}
