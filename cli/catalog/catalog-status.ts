// What `foz status` says of the catalog: whether it answers where foz.yaml has it, and is ready.

import { storeAddressText } from '../../catalog/store/store-address.ts';
import type { LoadedConfig } from '../config.ts';
import { urlOf } from '../settings.ts';

export interface CatalogStatus {
  readonly url: string;
  /** Its database, without a password; null: another program's catalog. */
  readonly store: string | null;
  readonly state: 'ready' | 'not ready' | 'no answer';
  readonly reason: string | null;
}

const answerMaxMs = 3_000;

export async function catalogStatus(loaded: LoadedConfig, signal: AbortSignal): Promise<CatalogStatus> {
  const { catalog } = loaded.config;
  const isOurs = catalog.kind === 'embedded';
  const url = isOurs ? urlOf(catalog.listen) : catalog.url.replace(/\/+$/, '');
  const store = isOurs ? storeAddressText(catalog.store) : null;
  try {
    // Others have no /readyz; whatever they say of the configuration, they answer.
    const asked = `${url}${isOurs ? '/readyz' : '/v1/config'}`;
    const response = await fetch(asked, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerMaxMs)]) });
    await response.body?.cancel();
    const isReady = response.status < (isOurs ? 300 : 500);
    return { url, store, state: isReady ? 'ready' : 'not ready', reason: isReady ? null : `status ${response.status}` };
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { url, store, state: 'no answer', reason };
  }
}

export function catalogStatusText({ url, store, state, reason }: CatalogStatus): string {
  const where = store === null ? url : `${url}   store: ${store}`;
  if (state === 'ready') return `catalog: ready   ${where}`;
  const next = state === 'no answer' ? 'foz run or foz catalog serve starts it' : 'its log says which store does not answer';
  return `catalog: ${state} (${reason ?? ''})   ${where}; ${store === null ? 'look there' : next}`;
}
