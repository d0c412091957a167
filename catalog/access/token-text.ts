// A bearer token as text: `foz_` and 256 random bits, or what the configuration gives, as random. Its SHA-256 is all that is kept, and enough to look it up by: nobody can
// choose a token whose digest is near another's, so comparing digests tells nothing by the time it takes.

import { createHash, randomBytes } from 'node:crypto';

/** No signed token of an identity provider: those have dots. */
export const tokenPattern = '^[A-Za-z0-9_~+/=-]{32,200}$';
const form = new RegExp(tokenPattern);

export function newTokenText(): string {
  return `foz_${randomBytes(32).toString('base64url')}`;
}

export function isTokenText(text: string): boolean {
  return form.test(text);
}

export function tokenDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
