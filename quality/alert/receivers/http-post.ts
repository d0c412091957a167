// One POST to a configured address: nothing is followed, read or kept but the status. A redirect would send the alert, and
// its token, where nobody configured; it is a refusal.

import type { Sent } from '../alert.ts';

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export async function httpPost({ url, headers, body }: HttpPost, signal: AbortSignal): Promise<Sent> {
  let response: Response;
  try {
    response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'refused', problem: `no answer: ${causeOf(error)}`, retryAfterMs: null };
  }
  // Whatever it says is nobody's business, and may be endless.
  await response.body?.cancel().catch(() => undefined);
  if (response.ok) return { kind: 'delivered' };
  const problem =
    response.status >= 300 && response.status < 400
      ? `HTTP ${response.status}: a redirect, which is not followed`
      : `HTTP ${response.status}`;
  return { kind: 'refused', problem, retryAfterMs: retryAfter(response.headers.get('retry-after')) };
}

/** The kind of failure alone: a message may name the address, and an address may be a secret. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'the connection failed';
}

/** Spec: RFC 9110 10.2.3, seconds or a date. */
function retryAfter(text: string | null): number | null {
  if (text === null) return null;
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}
