// Who may use the catalog. A bearer token is 256 random bits that are shown once; the store has its SHA-256 alone, which is
// enough for a value nobody can guess. Two kinds: tokens that an operator creates, and access tokens that are issued for
// one of them (or for a login elsewhere) by the token endpoint and last an hour.
//
// Rows of created tokens are never deleted: revoked and expired ones stay, so that a catalog that once had a token does not
// open again. An access token ends with the token it was issued for.

import type { EpochMs } from '../../runtime/clock.ts';
import type { Role } from '../access/roles.ts';
import type { PageRequest } from './catalog-store.ts';

export interface NewToken {
  /** SHA-256 of the token, hex. */
  readonly digest: string;
  /** Of whoever holds it; several tokens may share it while one takes over from the other. */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly createdAt: EpochMs;
  /** Null: it does not expire. */
  readonly expiresAt: EpochMs | null;
}

export interface StoredToken extends NewToken {
  readonly revokedAt: EpochMs | null;
  /** To the minute. */
  readonly usedAt: EpochMs | null;
}

/** A token that opens something now. */
export interface LiveToken {
  /** The created token behind it; null for a login elsewhere. */
  readonly digest: string | null;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: EpochMs | null;
  /** No exchange lengthens it beyond; null: without end. */
  readonly until: EpochMs | null;
}

export interface AccessToken {
  readonly digest: string;
  /** Null: for a login elsewhere. */
  readonly issuedFor: string | null;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: EpochMs;
  readonly until: EpochMs | null;
}

export interface TokenStore {
  /** Whether one was ever created. */
  hasTokens(): Promise<boolean>;
  /** Null: unknown, expired, revoked, or issued for such a one. */
  findToken(digest: string, now: EpochMs): Promise<LiveToken | null>;
  /** By digest. */
  listTokens(page: PageRequest): Promise<readonly StoredToken[]>;
  /** With its entry in the audit log, as revoking has. False: it is there already, perhaps revoked; nothing was changed. */
  createToken(token: NewToken, actor: string): Promise<boolean>;
  /**
   * `which`: a name, or the first eight or more digits of a digest. Ends what was issued for them as well. Their digests; `ambiguous`
   * where it is the name of some and the digits of others, or the digits of several: nothing was changed.
   */
  revokeTokens(which: string, at: EpochMs, actor: string): Promise<readonly string[] | 'ambiguous'>;
  /** Forgets the expired ones; of one holder the oldest beyond `limit`. */
  issueToken(token: AccessToken, now: EpochMs, limit: number): Promise<void>;
  usedToken(digest: string, at: EpochMs): Promise<void>;
  /** Trino's rules went out to the holder of a token: an entry of the audit log. Digests of what it had and has now. */
  publishedRules(name: string, at: EpochMs, before: string | null, after: string): Promise<void>;
}

/** First digits of a digest that name a token; shorter ones are names. */
export const tokenIdPattern = /^[0-9a-f]{8,64}$/;

/** Digits of a digest by which people name a token. */
export const tokenIdLength = 12;
