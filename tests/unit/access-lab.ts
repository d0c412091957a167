// A catalog with a token of each kind, and requests exactly as they are written: no client tidies up their paths.

import { request } from 'node:http';
import { newTokenText, tokenDigest } from '../../catalog/access/token-text.ts';
import { roles, type Role } from '../../catalog/access/roles.ts';
import { serveCatalog, type ServeCatalogOptions } from '../../catalog/serve.ts';
import type { CatalogStore } from '../../catalog/store/catalog-store.ts';
import { memoryCatalogStore } from '../../catalog/store/memory-catalog-store.ts';
import { memoryStore } from '../../lake/store/memory-store.ts';
import type { ObjectStore } from '../../lake/store/object-store.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly bearer?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Send = (request: RawRequest) => Promise<RawAnswer>;

export interface AccessLab {
  readonly url: string;
  readonly send: Send;
  readonly store: CatalogStore;
  readonly objectStore: ObjectStore;
  readonly tokens: Readonly<Record<Role | 'expired' | 'revoked' | 'unknown', string>>;
}

export async function accessLab(run: (lab: AccessLab) => Promise<void>, options: Partial<ServeCatalogOptions> = {}): Promise<void> {
  await using store = memoryCatalogStore();
  const objectStore = memoryStore('lake');
  const create = async (name: string, held: readonly Role[], expiresAt: number | null = null): Promise<string> => {
    const text = newTokenText();
    await store.tokens.createToken({ digest: tokenDigest(text), name, roles: held, createdAt: 1, expiresAt }, 'foz');
    return text;
  };
  const [reader, writer, admin, operator, rules] = await Promise.all(roles.map((role) => create(role, [role])));
  const expired = await create('expired', ['operator'], 2);
  const revoked = await create('revoked', ['operator']);
  await store.tokens.revokeTokens('revoked', 2, 'foz');
  const tokens = {
    reader: reader ?? '',
    writer: writer ?? '',
    'contract-admin': admin ?? '',
    operator: operator ?? '',
    rules: rules ?? '',
    expired,
    revoked,
    unknown: newTokenText(),
  };
  const served = await serveCatalog({ port: 0, store, objectStore, ...options });
  try {
    await run({ url: served.url, store, objectStore, tokens, send: (raw) => sendRaw(served.url, raw) });
  } finally {
    await served.close();
  }
}

function sendRaw(url: string, { method, path, bearer, body, headers = {} }: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const authorization = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const sent = request({ hostname, port, method, path, headers: { ...type, ...authorization, ...headers }, agent: false }, (answer) => {
      isAnswered = true;
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: Buffer.concat(chunks).toString() }));
      answer.on('error', reject);
    });
    // A server that has answered need not read the rest.
    sent.on('error', (error) => (isAnswered ? undefined : reject(error)));
    sent.end(body);
  });
}
