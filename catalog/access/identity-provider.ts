// Logins of an OpenID Connect provider: a JSON Web Token that it signed for this catalog. What decides is configured here and
// never taken from the token: issuer, audience, the algorithms (asymmetric ones alone), where the keys are. Claims become
// roles by the configured table; a valid token without such a claim opens nothing.
// Spec: OpenID Connect Core 1.0, section 3.1.3.7; RFC 8725 (algorithms are pinned, none and HMAC are not among them)

import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Clock, EpochMs } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { isLoopbackHost } from './loopback.ts';
import type { Role } from './roles.ts';

export const identityAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
export type IdentityAlgorithm = (typeof identityAlgorithms)[number];

export interface IdentityProviderSettings {
  /** Exactly as the tokens name it. */
  readonly issuer: string;
  readonly audience: string;
  /** Absent: as the provider's discovery document says. */
  readonly jwksUri?: string | undefined;
  readonly algorithms: readonly IdentityAlgorithm[];
  /** Claim that names the person in the audit log. */
  readonly nameClaim: string;
  /** Claim with the groups or roles; `a.b` is b within a. */
  readonly rolesClaim: string;
  readonly roles: readonly { readonly claim: string; readonly role: Role }[];
}

export interface Login {
  readonly name: string;
  readonly roles: readonly Role[];
  readonly expiresAt: EpochMs;
}

export interface IdentityProvider {
  /** A text: why not. Throws IDENTITY_UNREACHABLE while the keys cannot be had. */
  login(token: string): Promise<Login | string>;
}

const tokenLengthMax = 8192;
const clockToleranceSeconds = 30;
const keysFreshMs = 10 * 60_000;
/** A token with an unknown key id makes the keys be fetched again, but not more often; so does one that comes after a failure. */
const keysCooldownMs = 30_000;
const fetchTimeoutMs = 5_000;
const keysBytesMax = 256 * 1024;
const nameLengthMax = 200;

export function identityProvider(settings: IdentityProviderSettings, clock: Clock): IdentityProvider {
  requireTrusted(settings.issuer, 'catalog.auth.oidc.issuer');
  if (settings.jwksUri !== undefined) requireTrusted(settings.jwksUri, 'catalog.auth.oidc.jwksUri');
  const keys = signingKeys(settings, clock);
  return {
    async login(token) {
      if (token.length > tokenLengthMax) return `The token is longer than ${tokenLengthMax} characters`;
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer: settings.issuer,
          audience: settings.audience,
          algorithms: [...settings.algorithms],
          requiredClaims: ['exp', settings.nameClaim],
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(clock.now()),
        });
        return loginOf(payload, settings);
      } catch (error) {
        if (error instanceof LakeError) throw error;
        if (isKeyFailure(error)) throw unreachable(settings.issuer, error);
        return refusalOf(error);
      }
    },
  };
}

function loginOf(payload: JWTPayload, { nameClaim, rolesClaim, roles }: IdentityProviderSettings): Login | string {
  const name = payload[nameClaim];
  if (typeof name !== 'string' || name === '' || payload.exp === undefined) return `The token’s ${nameClaim} names nobody`;
  const held = new Set(textsOf(claimOf(payload, rolesClaim)));
  return {
    name: `oidc:${name.slice(0, nameLengthMax)}`,
    roles: [...new Set(roles.filter(({ claim }) => held.has(claim)).map(({ role }) => role))],
    expiresAt: payload.exp * 1000,
  };
}

/** The claim of that very name, else the path: some providers name claims by URLs. */
function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  return path
    .split('.')
    .reduce<unknown>((value, part) => (isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined), payload);
}

/** A list of texts, or texts between spaces as `scope` has them. */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

interface FoundKeys {
  readonly uri: string;
  readonly keys: JWTVerifyGetKey;
}

/**
 * Finds where the keys are at the first login, and again as long as that fails. Keys once had go on while they are fresh, whatever
 * becomes of a fetch for others; when one fails, it is asked whether they are elsewhere by now.
 */
function signingKeys(settings: IdentityProviderSettings, clock: Clock): JWTVerifyGetKey {
  const fetchDocument = calmFetch(clock);
  let found: Promise<FoundKeys> | null = null;
  let lookedAt: EpochMs = 0;
  const find = async (before: FoundKeys | null): Promise<FoundKeys> => {
    lookedAt = clock.now();
    const uri = settings.jwksUri ?? (await discoveredKeys(settings.issuer, fetchDocument));
    if (before?.uri === uri) return before;
    const fresh = { timeoutDuration: fetchTimeoutMs, cooldownDuration: keysCooldownMs, cacheMaxAge: keysFreshMs };
    return { uri, keys: createRemoteJWKSet(new URL(uri), { ...fresh, [customFetch]: calmFetch(clock) }) };
  };
  const current = async (): Promise<FoundKeys> => {
    const finding = (found ??= find(null));
    try {
      return await finding;
    } catch (error) {
      if (found === finding) found = null;
      throw error;
    }
  };
  return async (header, token) => {
    const at = await current();
    try {
      return await at.keys(header, token);
    } catch (error) {
      if (!(error instanceof LakeError) || clock.now() - lookedAt < keysCooldownMs) throw error;
      const moved = await find(at).catch(() => at);
      if (moved === at) throw error;
      found = Promise.resolve(moved);
      return moved.keys(header, token);
    }
  };
}

type FetchKeys = (url: string, options?: RequestInit) => Promise<Response>;

/** JSON, bounded in time and bytes, never elsewhere by redirect; after a failure it rests, so that bad tokens cannot make it call on and on. */
function calmFetch(clock: Clock): FetchKeys {
  let failed: { readonly at: EpochMs; readonly error: LakeError } | null = null;
  return async (url, options = {}) => {
    if (failed !== null && clock.now() - failed.at < keysCooldownMs) throw failed.error;
    try {
      const response = await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(fetchTimeoutMs) });
      const body = await boundedBody(response);
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      JSON.parse(body);
      failed = null;
      return new Response(body, { status: 200, headers: { 'content-type': 'application/json' } });
    } catch (cause) {
      failed = { at: clock.now(), error: unreachable(url, cause) };
      throw failed.error;
    }
  };
}

async function boundedBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > keysBytesMax) throw new Error(`more than ${keysBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Spec: OpenID Connect Discovery 1.0, section 4 */
async function discoveredKeys(issuer: string, fetchKeys: FetchKeys): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document: unknown = await (await fetchKeys(url)).json().catch(() => null);
  const named = isRecord(document) ? document['jwks_uri'] : undefined;
  if (!isRecord(document) || document['issuer'] !== issuer || typeof named !== 'string')
    throw unreachable(url, new Error(`it is not the discovery document of ${issuer}`));
  requireTrusted(named, `jwks_uri of ${url}`);
  return named;
}

/** Keys come over TLS, or from this machine. */
function requireTrusted(text: string, what: string): void {
  const url = URL.parse(text);
  if (url?.protocol === 'https:') return;
  if (url?.protocol === 'http:' && isLoopbackHost(url.hostname)) return;
  throw new LakeError('CONFIG_INVALID', `${what} must be an https URL; http is for loopback alone`, {
    context: { expected: 'https://…', found: text },
  });
}

function unreachable(url: string, cause: unknown): LakeError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new LakeError('IDENTITY_UNREACHABLE', `the keys of ${url} cannot be had: ${reason}`, { cause, context: { url } });
}

/** The keys are not usable, whatever the token says. */
function isKeyFailure(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || error.code === 'ERR_JWKS_TIMEOUT' || error.code === 'ERR_JWKS_INVALID';
}

function refusalOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `The token’s ${error.claim} is not what this catalog asks for`;
  return 'The token is not one of this catalog’s identity provider';
}
