// What the token endpoint gives: for a created token (client credentials: its name and itself as the secret) or for any
// token that is valid now (exchange, which is how clients renew) an access token that lasts an hour, never beyond what it
// was given for. A scope that names roles narrows it; other words that clients send there (`catalog`) say nothing here.
// Spec: RFC 6749, sections 4.4 and 5.2; RFC 8693, section 2

import type { Clock } from '../../runtime/clock.ts';
import type { LiveToken, TokenStore } from '../store/token-store.ts';
import type { Identify } from './identify.ts';
import { isPermitted, isRole, type Role } from './roles.ts';
import { newTokenText, tokenDigest } from './token-text.ts';

export interface GrantRequest {
  /** Members of the form; each was sent once. */
  readonly form: ReadonlyMap<string, string>;
  /** Client id and secret of a Basic header, if there is one. */
  readonly basic: { readonly id: string; readonly secret: string } | null;
}

export interface GrantError {
  readonly kind: 'error';
  readonly status: 400 | 401;
  readonly error: 'invalid_request' | 'invalid_client' | 'invalid_grant' | 'invalid_scope' | 'unsupported_grant_type';
  readonly description: string;
}

export type Grant =
  | { readonly kind: 'issued'; readonly token: string; readonly lifeSeconds: number; readonly roles: readonly Role[] }
  | GrantError;

export type TokenGrants = (request: GrantRequest) => Promise<Grant>;

const lifeMs = 60 * 60_000;
/** Of one name; the oldest go first. */
const accessTokensMax = 10_000;

export interface TokenGrantsOptions {
  readonly tokens: TokenStore;
  readonly identify: Identify;
  readonly clock: Clock;
}

export function tokenGrants({ tokens, identify, clock }: TokenGrantsOptions): TokenGrants {
  const issue = async (holder: LiveToken, scope: string | undefined): Promise<Grant> => {
    const roles = narrowed(holder.roles, scope);
    if (roles === null) return refused(400, 'invalid_scope', `${holder.name} does not have every role of that scope`);
    const now = clock.now();
    const expiresAt = Math.min(now + lifeMs, holder.until ?? Infinity);
    const token = newTokenText();
    const row = { digest: tokenDigest(token), issuedFor: holder.digest, name: holder.name, roles, expiresAt, until: holder.until };
    await tokens.issueToken(row, now, accessTokensMax);
    return { kind: 'issued', token, lifeSeconds: Math.floor((expiresAt - now) / 1000), roles };
  };
  const clientOf = async (id: string | undefined, secret: string | undefined): Promise<LiveToken | GrantError> => {
    const found = secret === undefined ? 'no client_secret' : await identify(secret);
    // A client's secret is a created token, not something issued for one: that is renewed by exchange.
    if (typeof found === 'string' || found.digest !== tokenDigest(secret ?? '') || (id !== undefined && id !== '' && id !== found.name))
      return refused(401, 'invalid_client', 'The client’s id or secret is wrong, expired or revoked');
    return found;
  };
  return async ({ form, basic }) => {
    const scope = form.get('scope');
    switch (form.get('grant_type')) {
      case 'client_credentials': {
        if (basic !== null && form.has('client_secret'))
          return refused(400, 'invalid_request', 'The client’s secret was sent twice: in the header and in the form');
        const client = await clientOf(basic?.id ?? form.get('client_id'), basic?.secret ?? form.get('client_secret'));
        return 'kind' in client ? client : issue(client, scope);
      }
      case 'urn:ietf:params:oauth:grant-type:token-exchange': {
        const subject = form.get('subject_token');
        if (subject === undefined || !form.has('subject_token_type'))
          return refused(400, 'invalid_request', 'subject_token and subject_token_type must be given');
        const found = await identify(subject);
        if (typeof found !== 'string') return issue(found, scope);
        // A client whose access token has expired says again who it is.
        if (basic === null) return refused(400, 'invalid_grant', found);
        const client = await clientOf(basic.id, basic.secret);
        return 'kind' in client ? client : issue(client, scope);
      }
      default:
        return refused(400, 'unsupported_grant_type', 'grant_type must be client_credentials or token-exchange');
    }
  };
}

function narrowed(held: readonly Role[], scope: string | undefined): readonly Role[] | null {
  const asked = (scope ?? '').split(' ').filter(isRole);
  if (asked.length === 0) return held;
  return asked.every((role) => isPermitted(held, role)) ? [...new Set(asked)] : null;
}

function refused(status: 400 | 401, error: GrantError['error'], description: string): GrantError {
  return { kind: 'error', status, error, description };
}
