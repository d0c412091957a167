// Clients that read and swap the pointers of a few tables as fast as they can, and the history of what each was told.

import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { LakeError } from '../../runtime/errors.ts';
import { randomInt, seededRandom, type Random } from '../../runtime/random.ts';
import type { Observed, Told } from './cas-register.ts';

export interface Race {
  /** One handle for each client. */
  readonly stores: readonly CatalogStore[];
  readonly tables: number;
  readonly operations: number;
  readonly seed: number;
}

export const initialValue = 'm://0';

/** By table. */
export async function raceClients({ stores, tables, operations, seed }: Race): Promise<readonly (readonly Observed[])[]> {
  const histories = Array.from({ length: tables }, (): Observed[] => []);
  let clock = 0;
  let begun = 0;
  const client = async (store: CatalogStore, who: number): Promise<void> => {
    const random = seededRandom(seed + who);
    const known = histories.map(() => initialValue);
    while (begun < operations) {
      const number = ++begun;
      const at = randomInt(random, tables);
      const start = ++clock;
      const told = await act(store, at, { expected: known[at] ?? '', next: `m://${who}-${number}`, random });
      histories[at]?.push({ ...told, start, end: ++clock });
      if (told.kind === 'read') known[at] = told.value;
      else if (told.kind === 'swapped') known[at] = told.next;
    }
  };
  await Promise.all(stores.map(client));
  return histories;
}

interface Intent {
  readonly expected: string;
  readonly next: string;
  readonly random: Random;
}

const identOf = (at: number) => ({ namespace: ['raw'], name: `t${at}` });

export async function prepareRace(store: CatalogStore, tables: number): Promise<void> {
  await store.insertNamespace({ namespace: ['raw'], properties: {} });
  for (let at = 0; at < tables; at++)
    await store.insertRelation({ ident: identOf(at), kind: 'table', uuid: `u${at}`, metadataLocation: initialValue });
}

/** A read, a swap, a swap with a record, or a change of several tables that has this one alone. */
async function act(store: CatalogStore, at: number, { expected, next, random }: Intent): Promise<Told> {
  const ident = identOf(at);
  const kind = randomInt(random, 8);
  if (kind < 4) return { kind: 'read', value: (await store.getRelation('table', ident))?.metadataLocation ?? 'nothing' };
  try {
    if (kind === 4) {
      const { kind: outcome } = await store.changeTables([{ ident, expected, next: { uuid: `u${at}`, metadataLocation: next } }]);
      return { kind: outcome === 'changed' ? 'swapped' : 'lost', expected, next };
    }
    const entry = { at: 0, actor: 'racer', action: 'table.commit', subject: ident.name, before: null, after: null } as const;
    const record = kind === 5 ? null : { audit: [entry], reply: null };
    return { kind: (await store.swapRelation('table', ident, expected, next, record)) === 'swapped' ? 'swapped' : 'lost', expected, next };
  } catch (error) {
    if (error instanceof LakeError && error.code === 'CATALOG_OUTCOME_UNKNOWN') return { kind: 'unknown', expected, next };
    throw error;
  }
}
