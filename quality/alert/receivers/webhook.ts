// Alerts as JSON over HTTP, signed where a key is configured.

import { createHmac } from 'node:crypto';
import type { Secret } from '../../../runtime/secret.ts';
import type { AlertMessage, Receiver } from '../alert.ts';
import { linkOf, subjectText } from '../message-text.ts';
import { httpPost } from './http-post.ts';

export interface Addressed {
  readonly name: string;
  readonly severity: Receiver['severity'];
  readonly takes: Receiver['takes'];
  /** `https://…/{check}`; null: none. */
  readonly link: string | null;
}

export interface WebhookSettings extends Addressed {
  readonly url: Secret;
  readonly token: Secret | null;
  /** HMAC-SHA-256 of the body, in `X-Foz-Signature`. */
  readonly signingKey: Secret | null;
}

export function webhookReceiver({ name, severity, takes, link, url, token, signingKey }: WebhookSettings): Receiver {
  return {
    name,
    severity,
    takes,
    send: (message, signal) => {
      const body = JSON.stringify(webhookBody(message, link));
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': message.key,
        'user-agent': 'foz',
        ...(token === null ? {} : { authorization: `Bearer ${token.reveal()}` }),
        ...(signingKey === null
          ? {}
          : { 'x-foz-signature': `sha256=${createHmac('sha256', signingKey.reveal()).update(body).digest('hex')}` }),
      };
      return httpPost({ url: url.reveal(), headers, body }, signal);
    },
  };
}

/** Version 1. Keys are added, never changed. */
export function webhookBody(message: AlertMessage, link: string | null): unknown {
  const { key, table, omitted, changes } = message;
  return {
    version: 1,
    kind: 'foz.alert',
    key,
    subject: subjectText(message),
    table,
    omitted,
    changes: changes.map((change) => ({
      key: change.key,
      check: change.checkId,
      state: change.state,
      level: change.level,
      severity: change.severity,
      title: change.title,
      found: change.found,
      expected: change.expected,
      since: new Date(change.since).toISOString(),
      at: new Date(change.at).toISOString(),
      snapshot: change.snapshotId,
      run: change.runId,
      owner: change.owner,
      declared: change.declaredIn,
      query: change.query,
      link: linkOf(change.checkId, link),
    })),
  };
}
