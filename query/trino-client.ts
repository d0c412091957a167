// Trino's client protocol over HTTP: POST the statement, then follow `nextUri` until it is gone. Integers beyond 2^53 come
// as bigint; everything else as Trino's JSON has it (decimals and times as text).
// Spec: trino.io, "Client protocol": 502, 503 and 504 mean try again, 429 after Retry-After; DELETE of nextUri cancels.

import { parseJson } from '../lake/iceberg/json.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { LakeError } from '../runtime/errors.ts';
import { isRecord } from '../runtime/options.ts';

export interface TrinoOptions {
  /** `http://host:port` or https. */
  readonly url: string;
  readonly user: string;
  /** With a password over Basic; with a token as Bearer. Never in messages. */
  readonly password?: string;
  readonly token?: string;
  /** What Trino's own pages show. Default: foz. */
  readonly source?: string;
  /** Session properties: `query_max_run_time` … */
  readonly session?: Readonly<Record<string, string>>;
  /** Of one request; Trino itself answers within a second or so, with or without rows. Default: 60 s. */
  readonly requestTimeoutMs?: number;
  readonly clock?: Clock;
  /** Times come with all their digits; without it Trino rounds them to milliseconds. */
  readonly exactTimes?: boolean;
}

export interface TrinoAnswer {
  readonly columns: readonly string[];
  /** Trino's names: `bigint`, `timestamp(6) with time zone`. */
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface TrinoLimits {
  readonly rowsMax?: number;
}

const triesMax = 6;
const pauseMs = 200;

/** Errors: QUERY_INVALID (the statement, with Trino's position), LIMIT_EXCEEDED, ENGINE_FAILED (Trino does not answer, or refuses the login). */
export async function askTrino(options: TrinoOptions, sql: string, signal?: AbortSignal, limits: TrinoLimits = {}): Promise<TrinoAnswer> {
  const origin = new URL(options.url).origin;
  const found: { columns: readonly string[]; types: readonly string[]; rows: unknown[][] } = { columns: [], types: [], rows: [] };
  let page = await request(options, `${origin}/v1/statement`, { method: 'POST', body: sql }, signal);
  for (;;) {
    if (isRecord(page['error'])) throw statementError(page['error'], sql);
    const columns = Array.isArray(page['columns']) ? page['columns'].filter(isRecord) : [];
    if (columns.length > 0) {
      found.columns = columns.map((column) => String(column['name']));
      found.types = columns.map((column) => String(column['type']));
    }
    if (Array.isArray(page['data'])) for (const row of page['data']) if (Array.isArray(row)) found.rows.push(row);
    const next = page['nextUri'];
    if (typeof next !== 'string') return found;
    // Credentials go where they were meant for, and nowhere that an answer names.
    if (new URL(next).origin !== origin)
      throw new LakeError('ENGINE_FAILED', `Trino at ${origin} leads to ${new URL(next).origin}: set the address that it calls itself`);
    try {
      if (found.rows.length > (limits.rowsMax ?? Number.POSITIVE_INFINITY))
        throw new LakeError('LIMIT_EXCEEDED', `the statement gave more than ${limits.rowsMax} rows`);
      page = await request(options, next, { method: 'GET' }, signal);
    } catch (error) {
      await cancel(options, next);
      throw error;
    }
  }
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly body?: string;
}

async function request(options: TrinoOptions, url: string, call: Call, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const clock = options.clock ?? systemClock;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const outcome = await send(options, url, call, signal);
    if (outcome.kind === 'page') return outcome.page;
    // A POST that was taken and whose answer was lost runs twice: statements here only read.
    if (attempt === triesMax || !outcome.isPassing) throw outcome.error;
    await clock.sleep(outcome.waitMs ?? pauseMs * 2 ** (attempt - 1), signal);
  }
}

type Sent =
  | { readonly kind: 'page'; readonly page: Record<string, unknown> }
  | { readonly kind: 'failed'; readonly error: LakeError; readonly isPassing: boolean; readonly waitMs: number | null };

async function send(options: TrinoOptions, url: string, call: Call, signal?: AbortSignal): Promise<Sent> {
  const { origin } = new URL(options.url);
  const late = AbortSignal.timeout(options.requestTimeoutMs ?? 60_000);
  let response: Response;
  let text: string;
  try {
    const own = signal === undefined ? late : AbortSignal.any([signal, late]);
    response = await fetch(url, { ...call, headers: headersOf(options), signal: own, redirect: 'error' });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    const error = new LakeError('ENGINE_FAILED', `Trino at ${origin} does not answer`, { cause });
    return { kind: 'failed', error, isPassing: true, waitMs: null };
  }
  if (response.ok) {
    const page = readPage(text);
    if (page !== null) return { kind: 'page', page };
  }
  const shown = redacted(text.replaceAll(/\s+/g, ' ').slice(0, 200), options);
  const error = new LakeError('ENGINE_FAILED', `Trino at ${origin} answered ${response.status}: ${shown}`, {
    context: { expected: 'a page of a result', found: response.status },
  });
  const after = Number(response.headers.get('retry-after'));
  return {
    kind: 'failed',
    error,
    isPassing: [429, 502, 503, 504].includes(response.status),
    waitMs: response.status === 429 && after > 0 ? Math.min(after, 30) * 1000 : null,
  };
}

function readPage(text: string): Record<string, unknown> | null {
  try {
    const page = parseJson(text);
    return isRecord(page) ? page : null;
  } catch {
    return null;
  }
}

function headersOf(options: TrinoOptions): Record<string, string> {
  const { user, password, token, session, exactTimes } = options;
  const credentials =
    token !== undefined
      ? { authorization: `Bearer ${token}` }
      : password !== undefined
        ? { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
        : {};
  const properties = Object.entries(session ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return {
    'x-trino-user': user,
    'x-trino-source': options.source ?? 'foz',
    'x-trino-time-zone': 'UTC',
    ...(properties.length === 0 ? {} : { 'x-trino-session': properties.join(',') }),
    ...(exactTimes === true ? { 'x-trino-client-capabilities': 'PARAMETRIC_DATETIME' } : {}),
    ...credentials,
  };
}

function redacted(text: string, { password, token }: TrinoOptions): string {
  return [password, token].reduce<string>(
    (shown, secret) => (secret === undefined || secret === '' ? shown : shown.replaceAll(secret, '[redacted]')),
    text,
  );
}

/** Trino goes on with a statement that nobody reads, until it times out. */
async function cancel(options: TrinoOptions, nextUri: string): Promise<void> {
  await send(options, nextUri, { method: 'DELETE' }).catch(() => undefined);
}

function statementError(error: Record<string, unknown>, sql: string): LakeError {
  const message = String(error['message']);
  const context = { sql: sql.slice(0, 200), name: String(error['errorName']) };
  const isLimit = error['errorType'] === 'INSUFFICIENT_RESOURCES' || /EXCEEDED_(?:TIME|CPU|MEMORY)/.test(context.name);
  if (isLimit) return new LakeError('LIMIT_EXCEEDED', `Trino ended the statement: ${message}`, { context });
  return new LakeError(error['errorType'] === 'USER_ERROR' ? 'QUERY_INVALID' : 'ENGINE_FAILED', `Trino refused the statement: ${message}`, {
    context,
  });
}
