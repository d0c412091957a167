// Operating errors: one class, one table. Every error a user can meet has a code here, a retry directive and a
// sentence for the operator; `docs/errors.md` is generated from this table. Data problems are values, not errors;
// bugs assert and crash.

/**
 * What the caller may do.
 * - `backoff`: nothing happened; try again later.
 * - `reconcile`: the outcome is unknown; look at the other side before trying again (I5).
 * - `manual`: a person must change something, then it works.
 * - `never`: trying again cannot help.
 */
export type Retry = 'backoff' | 'manual' | 'never' | 'reconcile';

/** Exit code classes of the `foz` command. */
export type ExitClass = 'findings' | 'usage' | 'dependency' | 'halted' | 'bug';

export interface ErrorEntry {
  readonly retry: Retry;
  readonly exit: ExitClass;
  /** What it means and what to do, for the operator. */
  readonly help: string;
}

export const errorTable = {
  ARGUMENT_INVALID: {
    retry: 'manual',
    exit: 'usage',
    help: 'What was given on the command line is not what the command takes; --help shows it, with examples.',
  },
  CONFIG_INVALID: {
    retry: 'manual',
    exit: 'usage',
    help: 'A setting is unknown, missing or malformed. Correct the file at the line named and run `foz check`.',
  },
  STORE_UNREACHABLE: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'The object store did not answer. Nothing is lost: `foz run` waits and goes on by itself, any other command is to be repeated. Check the endpoint, the network and the credentials.',
  },
  STORE_OUTCOME_UNKNOWN: {
    retry: 'reconcile',
    exit: 'dependency',
    help: 'A write to the object store may or may not have happened. Foz looks before it writes again.',
  },
  STORE_REFUSED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'The object store refused the request (rights, bucket, key). Correct the policy or the configuration.',
  },
  STORE_NOT_CONDITIONAL: {
    retry: 'manual',
    exit: 'dependency',
    help: 'The bucket ignores If-None-Match. Use a store with conditional writes, or set `lake.store.conditionalWrites: off` to rely on unique keys alone.',
  },
  OBJECT_MISSING: {
    retry: 'never',
    exit: 'bug',
    help: 'An object that metadata refers to is not in the store. It was deleted by something other than Foz.',
  },
  OBJECT_CORRUPT: {
    retry: 'never',
    exit: 'dependency',
    help: 'An object of the table is not what its metadata says: damaged, truncated or written by a broken writer. The message names it; restore it from a copy or roll the table back.',
  },
  TABLE_UNSUPPORTED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'The table uses a part of the Iceberg format that Foz does not read or write yet. The message names it.',
  },
  LOG_UNREACHABLE: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'Kafka did not answer. Nothing is lost: `foz run` waits and goes on by itself, any other command is to be repeated. `foz check` says what does not answer.',
  },
  LOG_REFUSED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'Kafka refused the request (authentication, authorisation, unknown topic). Correct the configuration or the ACL.',
  },
  CATALOG_UNREACHABLE: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'The catalog did not answer. Nothing is lost: `foz run` waits and goes on by itself, any other command is to be repeated once the catalog runs. An embedded one runs within `foz run`, or alone with `foz run --only catalog`.',
  },
  CATALOG_OUTCOME_UNKNOWN: {
    retry: 'reconcile',
    exit: 'dependency',
    help: 'A commit may or may not have been applied. Foz looks for its own commit id before it does anything else.',
  },
  CATALOG_KEY_TAKEN: {
    retry: 'reconcile',
    exit: 'dependency',
    help: "Another request with the same Idempotency-Key was applied first; this one changed nothing. Send it again to get the first one's answer.",
  },
  CATALOG_REFUSED: { retry: 'manual', exit: 'dependency', help: 'The catalog refused the request. The message says why.' },
  IDENTITY_UNREACHABLE: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'The keys of the identity provider (`catalog.auth.oidc`) cannot be had, so nobody can log in with its tokens. Nothing is lost: they are asked for again at the next login. Check the issuer, the network and its discovery document.',
  },
  SOURCE_UNREACHABLE: { retry: 'backoff', exit: 'dependency', help: 'The source database did not answer. Check host, port and network.' },
  SOURCE_REFUSED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'The source database refused the login or the statement (user, password, rights, TLS). Run `foz check`: it names the setting and the statement that mends it.',
  },
  CONNECT_UNREACHABLE: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'Kafka Connect did not answer. Check its address, and that it is running.',
  },
  CONNECTOR_FAILED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'Kafka Connect refused a connector or its task failed. The message carries the first lines of the cause; the whole trace is in the Connect log.',
  },
  SOURCE_REPLACED: {
    retry: 'manual',
    exit: 'halted',
    help: 'The topic, the cluster or the table is not the one the table was written from. Decide with `foz resume TABLE --adopt-source`.',
  },
  RETENTION_GAP: {
    retry: 'manual',
    exit: 'halted',
    help: 'Kafka has already deleted records that were not read. Decide with `foz resume TABLE --accept-gap`.',
  },
  LOG_TRUNCATED: {
    retry: 'manual',
    exit: 'halted',
    help: 'The log ends before the offset the table has already read. Decide with `foz resume TABLE --adopt-source`, or restore the log.',
  },
  TABLE_ROLLED_BACK: {
    retry: 'manual',
    exit: 'halted',
    help: 'The table was rolled back or replaced: its main branch no longer holds the last commit of the chain. Decide with `foz resume TABLE --reread` or `--accept-gap`.',
  },
  BATCH_POISONED: { retry: 'manual', exit: 'halted', help: 'A batch crashed the decoder twice and could not be bisected.' },
  CONTRACT_VIOLATED: {
    retry: 'manual',
    exit: 'halted',
    help: 'A record breaks a rule whose policy is halt. Nothing at or beyond it was committed. The message names offset and rule: go on with `foz resume TABLE --accept-violations`, or register a contract version that accepts it.',
  },
  CONTRACT_UNENFORCEABLE: {
    retry: 'manual',
    exit: 'halted',
    help: 'The contract in force asks for what this worker cannot do: a mask key that is not configured, a mask that would make keys alike, a rule it does not know. Nothing lands until it can: set `contracts.maskKeys` or register a mended contract.',
  },
  PREREQUISITE_MISSING: {
    retry: 'manual',
    exit: 'dependency',
    help: 'A program that Foz needs is not installed. The message names the one command that installs it.',
  },
  DOWNLOAD_FAILED: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'A download for the local stack did not complete. The message carries the last lines of the tool; nothing half-done was kept. Try again.',
  },
  COMPONENT_FAILED: {
    retry: 'manual',
    exit: 'dependency',
    help: 'A component of the local stack did not start or stopped. The message names its log.',
  },
  QUERY_INVALID: {
    retry: 'manual',
    exit: 'usage',
    help: 'The statement could not be run. Tables are raw.<table> and current.<table>; only reading statements are allowed.',
  },
  ENGINE_FAILED: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'Trino did not answer, refused the login or failed within. Check its address, user and password or token, and that its catalog shows the tables.',
  },
  LAKE_BEHIND: {
    retry: 'backoff',
    exit: 'dependency',
    help: 'The lake has not caught up with its source in the time allowed. See `foz status` and the connector, or wait longer with `--wait`.',
  },
  LIMIT_EXCEEDED: { retry: 'manual', exit: 'usage', help: 'A configured limit was reached. The message names the limit and its setting.' },
  INTERNAL: { retry: 'never', exit: 'bug', help: 'A bug in Foz. Please report it with the message and the log.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorTable;

export const exitCodes: Readonly<Record<ExitClass, number>> = { findings: 1, usage: 2, dependency: 3, halted: 4, bug: 5 };

export interface LakeErrorOptions {
  /** Values that say on what it failed; shown to people and logged as fields. Never secrets. */
  readonly context?: Readonly<Record<string, string | number | bigint | boolean | null | undefined>>;
  readonly cause?: unknown;
}

/** An operating error: what was attempted, on what, expected, found; with a code from `errorTable`. */
export class LakeError extends Error {
  readonly code: ErrorCode;
  readonly context: NonNullable<LakeErrorOptions['context']>;

  constructor(code: ErrorCode, message: string, options: LakeErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'LakeError';
    this.code = code;
    this.context = options.context ?? {};
  }

  get retry(): Retry {
    return errorTable[this.code].retry;
  }

  get exitCode(): number {
    return exitCodes[errorTable[this.code].exit];
  }

  get help(): string {
    return errorTable[this.code].help;
  }
}

/** A bug when false: crash with a message, never a data problem. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new LakeError('INTERNAL', message);
}
