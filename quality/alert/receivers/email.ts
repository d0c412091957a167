// Alerts by e-mail. The message id is made of the idempotency key, so a mail that was sent twice is one to mailboxes that
// look at it; mails of one table are one thread. The only file of quality/ that knows the mail library.

import { createTransport } from 'nodemailer';
import type { Secret } from '../../../runtime/secret.ts';
import type { Receiver, Sent } from '../alert.ts';
import { messageText, subjectText } from '../message-text.ts';
import type { Addressed } from './webhook.ts';

export interface EmailSettings extends Addressed {
  readonly host: string;
  readonly port: number;
  /** starttls: a server without it is refused. */
  readonly tls: 'starttls' | 'tls' | 'none';
  readonly user: string | null;
  readonly password: Secret | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly timeoutMs: number;
}

export function emailReceiver(settings: EmailSettings): Receiver {
  const { name, severity, takes, link, from, to } = settings;
  return {
    name,
    severity,
    takes,
    send: async (message, signal) => {
      signal.throwIfAborted();
      const domain = /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1] ?? 'foz.invalid';
      const transport = createTransport(transportOf(settings));
      try {
        const sending = transport.sendMail({
          from,
          to: [...to],
          subject: `[foz] ${subjectText(message)}`,
          text: `${messageText(message, { link })}\n`,
          messageId: `<${message.key}@${domain}>`,
          references: `<${message.table}.alerts@${domain}>`,
          headers: { 'Idempotency-Key': message.key, 'Auto-Submitted': 'auto-generated' },
        });
        // What a server has taken cannot be called back, so its answer is waited for even while the process ends.
        const info = await withinTime(sending, settings.timeoutMs);
        return info.accepted.length > 0
          ? { kind: 'delivered' }
          : { kind: 'refused', problem: 'no address was accepted', retryAfterMs: null };
      } catch (error) {
        return { kind: 'refused', problem: problemOf(error), retryAfterMs: null };
      } finally {
        transport.close();
      }
    },
  };
}

/** The library bounds each step; a server that answers a byte at a time would have for ever. */
async function withinTime<T>(sending: Promise<T>, timeoutMs: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(Object.assign(new Error('time is over'), { code: 'ETIMEDOUT' })), timeoutMs);
  try {
    return await Promise.race([sending, promise]);
  } finally {
    clearTimeout(timer);
    sending.catch(() => undefined);
  }
}

function transportOf({ host, port, tls, user, password, timeoutMs }: EmailSettings) {
  return {
    host,
    port,
    secure: tls === 'tls',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    ...(user === null ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
  };
}

/** The kind of failure and the server's code: its words may repeat what was sent. */
function problemOf(error: unknown): Extract<Sent, { kind: 'refused' }>['problem'] {
  if (typeof error !== 'object' || error === null) return 'SMTP failed';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  const answer = 'responseCode' in error && typeof error.responseCode === 'number' ? error.responseCode : null;
  return ['SMTP', ...(answer === null ? [] : [answer]), ...(code === null ? ['failed'] : [code])].join(' ');
}
