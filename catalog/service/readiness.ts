// Whether the catalog can serve: its database and the object store of its warehouse answer, within a time that a probe has.
// Whoever may ask may ask often: all within a second get one answer.

import type { ObjectStore } from '../../lake/store/object-store.ts';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { CatalogStore } from '../store/catalog-store.ts';

export interface ReadinessOptions {
  readonly store: Pick<CatalogStore, 'getNamespace'>;
  readonly objectStore: Pick<ObjectStore, 'head' | 'root'>;
  readonly clock: Clock;
}

const answerMaxMs = 2_000;
const believedMs = 1_000;
/** Looked for in both, and in neither. */
const probeName = 'readyz';

/** Rejects with the reason while it is not ready. */
export function readiness(options: ReadinessOptions): () => Promise<void> {
  let last: { readonly at: EpochMs; readonly answer: Promise<void> } | null = null;
  return () => {
    const now = options.clock.now();
    if (last === null || Math.abs(now - last.at) >= believedMs) last = { at: now, answer: probe(options) };
    return last.answer;
  };
}

async function probe({ store, objectStore }: ReadinessOptions): Promise<void> {
  await Promise.all([
    within('the catalog’s database', () => store.getNamespace([probeName])),
    within(objectStore.root, (signal) => objectStore.head(`.foz-${probeName}`, signal).catch(unlessAway)),
  ]);
}

/** Where listing is not allowed, S3 refuses to say that an object is not there: that it said so is enough. */
function unlessAway(error: unknown): null {
  if (error instanceof LakeError && error.code === 'STORE_REFUSED') return null;
  throw error;
}

async function within(what: string, ask: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const signal = AbortSignal.timeout(answerMaxMs);
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new LakeError('CATALOG_UNREACHABLE', `${what} did not answer within ${answerMaxMs} ms`, { context: { what } })),
      { once: true },
    );
  });
  await Promise.race([ask(signal), late]);
}
