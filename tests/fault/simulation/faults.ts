// Scripted faults around the ports. `fail-after-doing` is the one that finds bugs: the other side did the work and the
// reply is lost. A killed worker's ports never answer again; requests it had sent may still be served (zombies).

import type { Catalog } from '../../../catalog/catalog.ts';
import type { ObjectStore } from '../../../lake/store/object-store.ts';
import type { Clock } from '../../../runtime/clock.ts';
import { LakeError } from '../../../runtime/errors.ts';
import { randomInt, type Random } from '../../../runtime/random.ts';

export type Fault = 'none' | 'reject' | 'fail-after-doing' | 'fail-unsent' | 'late' | 'slow';

export interface FaultPlan {
  /** Chosen anew for every call. `worker`: its place among all that were ever spawned. */
  next(port: 'catalog' | 'store', method: string, worker: number): Fault;
}

export function randomFaults(random: Random, probability: () => number): FaultPlan {
  const kinds: readonly Fault[] = ['reject', 'fail-after-doing', 'fail-unsent', 'late', 'slow'];
  return { next: () => (random.next() < probability() ? (kinds[randomInt(random, kinds.length)] ?? 'none') : 'none') };
}

export const noFaults: FaultPlan = { next: () => 'none' };

/** A worker's life: once killed, nothing it awaits ever resolves. */
export interface Life {
  readonly isAlive: boolean;
}

const never = new Promise<never>(() => undefined);

export function mortal<T>(life: Life, result: Promise<T>): Promise<T> {
  return result.then(
    (value) => (life.isAlive ? value : never),
    (error: unknown) => (life.isAlive ? Promise.reject(error) : never),
  );
}

export type WorkerFaults = (port: 'catalog' | 'store', method: string) => Fault;

export function faultyCatalog(catalog: Catalog, next: WorkerFaults, life: Life, clock: Clock): Catalog {
  const write = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    if (!life.isAlive) return never;
    return mortal(life, play(next('catalog', method), call, clock, unknownCommit, unreachableCatalog));
  };
  const read = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    if (!life.isAlive) return never;
    return mortal(life, play(next('catalog', method), call, clock, unreachableCatalog, unreachableCatalog));
  };
  return {
    ensureNamespace: (namespace) => read('ensureNamespace', () => catalog.ensureNamespace(namespace)),
    listTables: (namespace) => read('listTables', () => catalog.listTables(namespace)),
    loadTable: (ident) => read('loadTable', () => catalog.loadTable(ident)),
    createTable: (ident, create) => read('createTable', () => catalog.createTable(ident, create)),
    commitTable: (ident, commit) => write('commitTable', () => catalog.commitTable(ident, commit)),
    dropTable: (ident, options) => read('dropTable', () => catalog.dropTable(ident, options)),
    async [Symbol.asyncDispose]() {},
  };
}

export function faultyStore(store: ObjectStore, next: WorkerFaults, life: Life, clock: Clock): ObjectStore {
  const around = async <T>(method: string, call: () => Promise<T>): Promise<T> => {
    if (!life.isAlive) return never;
    return mortal(life, play(next('store', method), call, clock, unknownPut, unreachableStore));
  };
  return {
    ...store,
    put: (key, body, options) => around('put', () => store.put(key, body, options)),
    putFile: (key, path, options) => around('putFile', () => store.putFile(key, path, options)),
    get: (key, range) => around('get', () => store.get(key, range)),
    head: (key) => around('head', () => store.head(key)),
    async [Symbol.asyncDispose]() {},
  };
}

async function play<T>(
  fault: Fault,
  call: () => Promise<T>,
  clock: Clock,
  unknown: () => LakeError,
  unreachable: () => LakeError,
): Promise<T> {
  switch (fault) {
    case 'none':
      return call();
    case 'reject':
      throw unreachable();
    case 'fail-unsent':
      throw unknown();
    case 'fail-after-doing':
      await call();
      throw unknown();
    case 'late':
      // The caller times out; the request arrives later all the same.
      void clock
        .sleep(700)
        .then(call)
        .catch(() => undefined);
      throw unknown();
    case 'slow':
      await clock.sleep(300);
      return call();
  }
}

const unknownCommit = () => new LakeError('CATALOG_OUTCOME_UNKNOWN', 'scripted: the reply was lost');
const unreachableCatalog = () => new LakeError('CATALOG_UNREACHABLE', 'scripted: connection refused');
const unknownPut = () => new LakeError('STORE_OUTCOME_UNKNOWN', 'scripted: the reply was lost');
const unreachableStore = () => new LakeError('STORE_UNREACHABLE', 'scripted: connection refused');
