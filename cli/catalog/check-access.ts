// What `foz check` says of who may use the catalog, before it refuses to start: beyond loopback it wants a token or an identity
// provider, and tokens want TLS.

import { existsSync } from 'node:fs';
import { isLoopbackHost } from '../../catalog/access/loopback.ts';
import type { Finding } from '../../connectors/finding.ts';
import type { LoadedConfig } from '../config.ts';
import { addressOf, pathIn } from '../settings.ts';
import { openCatalogStore } from '../wire.ts';

export async function checkCatalogAccess(loaded: LoadedConfig): Promise<readonly Finding[]> {
  const { catalog } = loaded.config;
  if (catalog.kind === 'rest') {
    const url = new URL(catalog.url);
    const isClear = url.protocol === 'http:' && !isLoopbackHost(url.hostname);
    return isClear && (catalog.token !== undefined || catalog.oauth !== undefined) ? [inClear(`catalog ${url.host}`, 'catalog.url')] : [];
  }
  if (isLoopbackHost(addressOf(catalog.listen).host)) return [];
  const subject = `catalog ${catalog.listen}`;
  const isClosed = catalog.auth.oidc !== undefined || catalog.auth.tokens.length > 0 || (await hasTokens(loaded));
  if (isClosed) return [inClear(subject, 'catalog.listen')];
  return [
    {
      code: 'CATALOG_OPEN',
      severity: 'error',
      subject,
      setting: 'catalog.auth',
      found: 'no token and no identity provider: it would answer everyone who reaches it, and does not start',
      needed: 'a token, or catalog.auth.oidc, before it listens beyond loopback',
      mend: 'foz catalog token create admin --role operator',
    },
  ];
}

async function hasTokens(loaded: LoadedConfig): Promise<boolean> {
  const { catalog } = loaded.config;
  if (catalog.kind !== 'embedded' || (catalog.store.kind === 'sqlite' && !existsSync(pathIn(loaded, catalog.store.path)))) return false;
  await using store = await openCatalogStore(loaded);
  return await store.tokens.hasTokens();
}

function inClear(subject: string, setting: string): Finding {
  return {
    code: 'CATALOG_TOKENS_IN_CLEAR',
    severity: 'warning',
    subject,
    setting,
    found: 'plain HTTP beyond loopback: whoever is on the way can read the tokens',
    needed: 'TLS in front of the catalog, unless the network is its own',
    mend: 'put a proxy with TLS before it, let only that one reach it, and give clients its https address',
  };
}
