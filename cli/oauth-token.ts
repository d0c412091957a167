// Tokens by the client-credentials grant, for Kafka (OAUTHBEARER) and for a catalog, kept until a fifth of their life is left.
// Spec: RFC 6749, section 4.4

import type { Clock } from '../runtime/clock.ts';
import { LakeError, type ErrorCode } from '../runtime/errors.ts';
import type { Secret } from '../runtime/secret.ts';

export interface OauthClient {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scope?: string | undefined;
}

const requestTimeoutMs = 10_000;
const lifeDefaultSeconds = 300;

/** What its failure is to whom the token is for. */
export interface OauthErrors {
  readonly unreachable: ErrorCode;
  readonly refused: ErrorCode;
}

export function oauthToken(client: OauthClient, clock: Clock, errors: OauthErrors): () => Promise<string> {
  let held: { readonly token: string; readonly renewAt: number } | null = null;
  return async () => {
    if (held && clock.now() < held.renewAt) return held.token;
    const { token, lifeSeconds } = await requestToken(client, errors);
    held = { token, renewAt: clock.now() + lifeSeconds * 800 };
    return token;
  };
}

async function requestToken(client: OauthClient, errors: OauthErrors): Promise<{ token: string; lifeSeconds: number }> {
  const { tokenEndpoint, clientId, clientSecret, scope } = client;
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret.reveal())}`).toString('base64');
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const attempted = `ask ${tokenEndpoint} for a token as ${clientId}`;
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body,
    signal: AbortSignal.timeout(requestTimeoutMs),
  }).catch((cause: unknown) => {
    throw new LakeError(errors.unreachable, `${attempted}: no answer`, { cause });
  });
  if (response.status >= 500 || response.status === 429) throw new LakeError(errors.unreachable, `${attempted}: status ${response.status}`);
  const answer: unknown = await response.json().catch(() => null);
  const token = typeof answer === 'object' && answer !== null && 'access_token' in answer ? answer.access_token : null;
  if (!response.ok || typeof token !== 'string') {
    throw new LakeError(errors.refused, `${attempted}: refused`, {
      context: { expected: 'access_token', found: `status ${response.status}` },
    });
  }
  const life = typeof answer === 'object' && answer !== null && 'expires_in' in answer ? Number(answer.expires_in) : Number.NaN;
  return { token, lifeSeconds: Number.isFinite(life) && life > 0 ? life : lifeDefaultSeconds };
}
