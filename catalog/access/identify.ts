// From a bearer token to whoever it stands for: a token of the store, or a login of the identity provider. What was found
// is believed for a second, so that a busy client costs one look-up a second, and a revoked token ends within that time.

import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { LiveToken, TokenStore } from '../store/token-store.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { isTokenText, tokenDigest } from './token-text.ts';

export interface IdentifyOptions {
  readonly tokens: TokenStore;
  /** Null: none is configured. */
  readonly identity: IdentityProvider | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A text: why not. */
export type Identify = (bearer: string) => Promise<LiveToken | string>;

const believedForMs = 1_000;
const believedMax = 10_000;
const usedEveryMs = 60_000;

interface Believed {
  readonly found: LiveToken;
  readonly until: EpochMs;
}

export function identify({ tokens, identity, clock, logger }: IdentifyOptions): Identify {
  const believed = new Map<string, Believed>();
  const usedAt = new Map<string, EpochMs>();
  const noteUse = (digest: string, now: EpochMs): void => {
    if (now - (usedAt.get(digest) ?? 0) < usedEveryMs) return;
    bound(usedAt);
    usedAt.set(digest, now);
    tokens.usedToken(digest, now).catch((error: unknown) => logger.warn({ error }, 'when a token was used could not be kept'));
  };
  const find = async (bearer: string, digest: string, now: EpochMs): Promise<LiveToken | string> => {
    if (isTokenText(bearer)) return (await tokens.findToken(digest, now)) ?? 'The token is unknown, expired or revoked';
    if (identity === null) return 'The token is none of this catalog’s';
    const login = await identity.login(bearer);
    return typeof login === 'string' ? login : { ...login, digest: null, until: login.expiresAt };
  };
  return async (bearer) => {
    const now = clock.now();
    const digest = tokenDigest(bearer);
    const known = believed.get(digest);
    if (known && now < known.until) return known.found;
    believed.delete(digest);
    const found = await find(bearer, digest, now);
    if (typeof found === 'string') return found;
    bound(believed);
    believed.set(digest, { found, until: Math.min(now + believedForMs, found.expiresAt ?? Infinity) });
    if (found.digest !== null) noteUse(found.digest, now);
    return found;
  };
}

/** The one that was set first goes. */
function bound(held: Map<string, unknown>): void {
  const [first] = held.keys();
  if (held.size >= believedMax && first !== undefined) held.delete(first);
}
