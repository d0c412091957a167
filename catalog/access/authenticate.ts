// The port behind the guard: from what a request carries to who it is. Adapters: the open catalog (here), tokens of the
// store and an identity provider (authenticator.ts).

import type { Role } from './roles.ts';

export interface Principal {
  /** Name for the audit log. */
  readonly actor: string;
  readonly roles: readonly Role[];
}

export interface Credential {
  /** What stands behind `Bearer`; null when the request carries none. */
  readonly bearer: string | null;
  /** Address of the other side: failures are counted by it. */
  readonly address: string;
}

export type Authenticated =
  | { readonly kind: 'principal'; readonly principal: Principal }
  /** `reason` is for the client: it never says more than it already knows. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Too many failures from this address. */
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number };

export type Authenticate = (credential: Credential) => Promise<Authenticated>;

export const anonymous: Principal = { actor: 'anonymous', roles: ['operator'] };

/** An open catalog asks nobody, and does not look at what is sent: some clients send `Bearer None`. */
export const openAccess: Authenticate = async () => ({ kind: 'principal', principal: anonymous });
