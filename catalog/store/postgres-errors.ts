// What a failure on PostgreSQL means: whether anything happened, and what to do. The server's own errors carry an SQLSTATE and
// undo what they refuse; after anything else (a reset, a time-out) it is unknown what became of the statement under way.

import { LakeError, type ErrorCode } from '../../runtime/errors.ts';
import { isRecord } from '../../runtime/options.ts';
import { isKeyTaken } from './change-record-operations.ts';

/** By how the SQLSTATE begins. What is not here is a bug of ours. */
const refusals: readonly (readonly [sqlstate: string, code: ErrorCode])[] = [
  // Undone for a rival: serialization_failure, deadlock_detected
  ['40001', 'CATALOG_UNREACHABLE'],
  ['40P01', 'CATALOG_UNREACHABLE'],
  // query_canceled (statement_timeout), lock_not_available, read_only_sql_transaction (no longer the primary)
  ['57014', 'CATALOG_UNREACHABLE'],
  ['55P03', 'CATALOG_UNREACHABLE'],
  ['25006', 'CATALOG_UNREACHABLE'],
  // Memory, disk, connections
  ['53', 'CATALOG_UNREACHABLE'],
  // Login; no such database, no such schema; rights and names
  ['28', 'CATALOG_REFUSED'],
  ['3D', 'CATALOG_REFUSED'],
  ['3F', 'CATALOG_REFUSED'],
  ['42', 'CATALOG_REFUSED'],
];

/** The connection ends with them, or nobody knows: connection exceptions, shutdowns, statement_completion_unknown, internal errors. */
const endings = ['08', '57P0', '40003', 'XX'];
/** In a transaction these can be a rival's doing that could not be told as serialization_failure: unique and foreign keys. */
const rivalsKeys = new Set(['23505', '23503']);

export interface Circumstances {
  /** What messages begin with: what was attempted, where. */
  readonly what: string;
  /** The answer that did not come decides whether something has changed. */
  readonly isDeciding: boolean;
  readonly isTransaction: boolean;
}

export function postgresError(cause: unknown, { what, isDeciding, isTransaction }: Circumstances): LakeError {
  const sqlstate = sqlstateOf(cause);
  const isUndone = sqlstate !== null && (/^40(001|P01)$/.test(sqlstate) || (isTransaction && rivalsKeys.has(sqlstate)));
  const context = { sqlstate, isAgain: isUndone, isConnected: sqlstate !== null && !isEnding(sqlstate) };
  return new LakeError(codeOf(cause, sqlstate, { isDeciding, isUndone }), `${what} failed: ${reasonOf(cause)}`, { cause, context });
}

/** The database undid it for a rival's sake: it is to be run once more from its start. */
export function isAgain(error: unknown): boolean {
  return error instanceof LakeError && error.context['isAgain'] === true && error.code === 'CATALOG_UNREACHABLE';
}

/** The server said no, and its connection can be used further. */
export function isConnected(error: unknown): boolean {
  return error instanceof LakeError && error.context['isConnected'] === true;
}

function codeOf(cause: unknown, sqlstate: string | null, given: { readonly isDeciding: boolean; readonly isUndone: boolean }): ErrorCode {
  if (sqlstate === null || isEnding(sqlstate)) return given.isDeciding ? 'CATALOG_OUTCOME_UNKNOWN' : 'CATALOG_UNREACHABLE';
  if (sqlstate === '23505' && isRecord(cause) && isKeyTaken(String(cause['constraint']))) return 'CATALOG_KEY_TAKEN';
  if (given.isUndone) return 'CATALOG_UNREACHABLE';
  return refusals.find(([prefix]) => sqlstate.startsWith(prefix))?.[1] ?? 'INTERNAL';
}

function isEnding(sqlstate: string): boolean {
  return endings.some((prefix) => sqlstate.startsWith(prefix));
}

/** Null: not the server's. */
function sqlstateOf(error: unknown): string | null {
  if (!isRecord(error) || typeof error['severity'] !== 'string' || typeof error['code'] !== 'string') return null;
  return error['code'];
}

/** Where every address of a host refused, the reasons are in the parts. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
