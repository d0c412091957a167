// Who may use a catalog, in one piece: what the guard and the token endpoint ask.
//
// A catalog is open as long as it listens on loopback alone and no token was ever created and no identity provider is
// configured. The first token closes it within a second, for good: revoking all tokens leaves it closed.

import type { Clock, EpochMs } from '../../runtime/clock.ts';
import type { Logger } from '../../runtime/log.ts';
import type { TokenStore } from '../store/token-store.ts';
import { anonymous, type Authenticate, type Authenticated } from './authenticate.ts';
import { failureLimit } from './failure-limit.ts';
import { identify } from './identify.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { tokenGrants, type Grant, type GrantRequest } from './token-grants.ts';

export interface AccessControlOptions {
  readonly tokens: TokenStore;
  /** Null: none is configured. */
  readonly identity: IdentityProvider | null;
  /** Whether others than this machine reach it: then it never is open. */
  readonly isClosed: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AccessControl {
  readonly authenticate: Authenticate;
  grant(request: GrantRequest, address: string): Promise<Grant | Extract<Authenticated, { kind: 'limited' }>>;
}

const failuresMax = 30;
const failureWindowMs = 60_000;
const addressesMax = 10_000;
const openForMs = 1_000;

export function accessControl({ tokens, identity, isClosed, clock, logger }: AccessControlOptions): AccessControl {
  const find = identify({ tokens, identity, clock, logger });
  const grants = tokenGrants({ tokens, identify: find, clock });
  const failures = failureLimit({ clock, failuresMax, windowMs: failureWindowMs, addressesMax });
  const isOpen = openness(tokens, isClosed || identity !== null, clock);
  const failed = (address: string, reason: string): Authenticated => {
    const retryAfterSeconds = failures.failed(address);
    if (retryAfterSeconds !== null) return { kind: 'limited', retryAfterSeconds };
    logger.warn({ address, reason }, 'a login failed');
    return { kind: 'refused', reason };
  };
  return {
    async authenticate({ bearer, address }) {
      if (await isOpen()) return { kind: 'principal', principal: anonymous };
      // Asking without a token is no try to guess one.
      if (bearer === null) return { kind: 'refused', reason: 'This catalog asks for a bearer token' };
      const found = await find(bearer);
      if (typeof found === 'string') return failed(address, found);
      return { kind: 'principal', principal: { actor: found.name, roles: found.roles } };
    },
    async grant(request, address) {
      const grant = await grants(request);
      const isGuess = grant.kind === 'error' && (grant.error === 'invalid_client' || grant.error === 'invalid_grant');
      const outcome = isGuess ? failed(address, grant.description) : null;
      return outcome?.kind === 'limited' ? outcome : grant;
    },
  };
}

function openness(tokens: TokenStore, isClosed: boolean, clock: Clock): () => Promise<boolean> {
  let closed = isClosed;
  let openUntil: EpochMs = 0;
  return async () => {
    if (closed) return false;
    const now = clock.now();
    if (now < openUntil) return true;
    closed = await tokens.hasTokens();
    openUntil = now + openForMs;
    return !closed;
  };
}
