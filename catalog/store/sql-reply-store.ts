// The reply store over the operations of reply-operations.ts.

import { isListOf, isRecord, isString } from '../../lake/iceberg/read-metadata.ts';
import { LakeError } from '../../runtime/errors.ts';
import { listOf } from './answers.ts';
import type { StoredReply } from './change-record.ts';
import type { ReplyStore } from './reply-store.ts';
import type { SqlCall } from './sql.ts';

export function sqlReplyStore(call: SqlCall): ReplyStore {
  return {
    async findReply(key) {
      const [digest, expiresAt, text] = listOf(await call('findReply', key));
      if (!isString(digest) || typeof expiresAt !== 'number' || !isString(text)) return null;
      const reply: unknown = JSON.parse(text);
      if (!isStoredReply(reply)) throw new LakeError('INTERNAL', `the catalog store has a malformed reply under the key ${key}`);
      return { key, digest, expiresAt, reply };
    },
    async addReply({ key, digest, expiresAt, reply }) {
      return (await call('addReply', key, digest, expiresAt, JSON.stringify(reply))) === 1 ? 'added' : 'taken';
    },
    forgetReplies: async (now, limit) => Number(await call('forgetReplies', now, limit)),
  };
}

function isStoredReply(value: unknown): value is StoredReply {
  if (!isRecord(value)) return false;
  const { kind, relation, ident } = value;
  if (kind === 'body') return typeof value['status'] === 'number' && isString(value['body']);
  return (
    kind === 'metadata' &&
    (relation === 'table' || relation === 'view') &&
    isRecord(ident) &&
    isListOf(isString)(ident['namespace']) &&
    isString(ident['name']) &&
    isString(value['metadataLocation'])
  );
}
