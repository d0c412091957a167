// Which database holds the catalog's pointers, as foz.yaml and the command line write it: `sqlite:PATH` or a PostgreSQL URL.

import { LakeError } from '../../runtime/errors.ts';
import { secret, type Secret } from '../../runtime/secret.ts';

export type StoreAddress =
  | { readonly kind: 'sqlite'; readonly path: string }
  /** As libpq writes it; it may hold the password. */
  | { readonly kind: 'postgres'; readonly url: Secret };

export const storeAddressPattern = '^(sqlite:.+|postgres(ql)?://.+)$';

export function storeAddress(text: string): StoreAddress {
  if (/^postgres(ql)?:\/\/./.test(text)) return { kind: 'postgres', url: secret(text) };
  if (/^sqlite:./.test(text)) return { kind: 'sqlite', path: text.slice('sqlite:'.length) };
  throw new LakeError('CONFIG_INVALID', 'The catalog’s store is neither a SQLite file nor a PostgreSQL database.', {
    context: { expected: 'sqlite:PATH or postgres://USER@HOST:PORT/DATABASE', found: kindOf(text) },
  });
}

/** For people: where it is, without the password. */
export function storeAddressText(address: StoreAddress): string {
  if (address.kind === 'sqlite') return `sqlite:${address.path}`;
  const url = URL.parse(address.url.reveal());
  if (url === null) return 'postgres:';
  const user = url.username === '' ? '' : `${url.username}@`;
  return `postgres://${user}${url.host}${url.pathname}`;
}

/** What stands before a colon, which is never a password. */
function kindOf(text: string): string {
  return /^[a-z][a-z0-9+.-]{0,20}:/i.exec(text)?.[0] ?? 'a text without sqlite: or postgres:';
}
