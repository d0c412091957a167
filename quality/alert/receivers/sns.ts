// Alerts to a topic of Amazon SNS, or of what speaks its HTTP.
// Spec: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html

import type { Secret } from '../../../runtime/secret.ts';
import type { AlertMessage, Receiver } from '../alert.ts';
import { messageText, subjectText } from '../message-text.ts';
import { signedHeaders } from './aws-signature.ts';
import { httpPost } from './http-post.ts';
import type { Addressed } from './webhook.ts';

export interface SnsSettings extends Addressed {
  readonly topic: string;
  readonly region: string;
  /** Null: of AWS, by region. */
  readonly endpoint: string | null;
  /** Null: requests are not signed. */
  readonly credentials: { readonly accessKeyId: Secret; readonly secretAccessKey: Secret; readonly sessionToken: Secret | null } | null;
}

/** Of the service: 256 KB, the other parts of the request included. */
const messageBytesMax = 200_000;

export function snsReceiver(settings: SnsSettings): Receiver {
  const { name, severity, takes, region, endpoint, credentials } = settings;
  const url = new URL(endpoint ?? `https://sns.${region}.amazonaws.com/`);
  return {
    name,
    severity,
    takes,
    send: (message, signal) => {
      const body = new URLSearchParams(publishing(message, settings)).toString();
      const plain = { 'content-type': 'application/x-www-form-urlencoded', 'idempotency-key': message.key };
      const request = { method: 'POST', url, headers: plain, body, region, service: 'sns', now: new Date() };
      const headers =
        credentials === null
          ? plain
          : signedHeaders(request, {
              accessKeyId: credentials.accessKeyId.reveal(),
              secretAccessKey: credentials.secretAccessKey.reveal(),
              sessionToken: credentials.sessionToken?.reveal() ?? null,
            });
      return httpPost({ url: url.href, headers, body }, signal);
    },
  };
}

function publishing(message: AlertMessage, { topic, link }: SnsSettings): Record<string, string> {
  const subject = subjectText(message)
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 100);
  const text = Buffer.from(messageText(message, { link })).subarray(0, messageBytesMax).toString();
  const attributes = [
    ['key', message.key],
    ['table', message.table],
    ['state', message.changes.some(({ state }) => state === 'firing') ? 'firing' : 'resolved'],
  ] as const;
  return {
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: topic,
    Subject: subject,
    Message: text,
    ...Object.fromEntries(
      attributes.flatMap(([name, value], index) => {
        const prefix = `MessageAttributes.entry.${index + 1}`;
        return [
          [`${prefix}.Name`, name],
          [`${prefix}.Value.DataType`, 'String'],
          [`${prefix}.Value.StringValue`, value],
        ];
      }),
    ),
    ...(topic.endsWith('.fifo') ? { MessageGroupId: message.table, MessageDeduplicationId: message.key } : {}),
  };
}
