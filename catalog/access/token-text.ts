// A bearer token as text: `foz_` and 256 random bits. Its SHA-256 is all that is kept, and enough to look it up by: nobody can
// choose a token whose digest is near another's, so comparing digests tells nothing by the time it takes.

import { createHash, randomBytes } from 'node:crypto';

const form = /^foz_[A-Za-z0-9_-]{43}$/;

export function newTokenText(): string {
  return `foz_${randomBytes(32).toString('base64url')}`;
}

export function isTokenText(text: string): boolean {
  return form.test(text);
}

export function tokenDigest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
