// One table from what went wrong to what the protocol says. Clients act on status and type, and some on the message.
// Spec: open-api IcebergErrorResponse

import { LakeError } from '../../runtime/errors.ts';
import type { Refusal, RefusalReason } from '../service/answer.ts';

export interface RestError {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** Beside what the protocol has: of the registry's refusals. */
  readonly detail?: Refusal['detail'];
}

const refusalTable: Readonly<Record<RefusalReason, { readonly status: number; readonly type: string }>> = {
  'namespace-missing': { status: 404, type: 'NoSuchNamespaceException' },
  'namespace-exists': { status: 409, type: 'AlreadyExistsException' },
  'namespace-not-empty': { status: 409, type: 'NamespaceNotEmptyException' },
  'table-missing': { status: 404, type: 'NoSuchTableException' },
  'table-exists': { status: 409, type: 'AlreadyExistsException' },
  'view-missing': { status: 404, type: 'NoSuchViewException' },
  'view-exists': { status: 409, type: 'AlreadyExistsException' },
  'view-invalid': { status: 400, type: 'IllegalArgumentException' },
  conflict: { status: 409, type: 'CommitFailedException' },
  invalid: { status: 400, type: 'BadRequestException' },
  unprocessable: { status: 422, type: 'UnprocessableEntityException' },
  'contract-invalid': { status: 400, type: 'ContractInvalidException' },
  'contract-missing': { status: 404, type: 'NoSuchContractException' },
  'contract-exists': { status: 409, type: 'ContractExistsException' },
  'contract-version': { status: 409, type: 'ContractVersionException' },
  'contract-incompatible': { status: 409, type: 'ContractIncompatibleException' },
  'contract-state': { status: 409, type: 'ContractStateException' },
  'contract-table': { status: 409, type: 'ContractTableException' },
  // No 409: clients take that for a lost race and send the commit again.
  'contract-veto': { status: 400, type: 'ContractViolationException' },
  'entity-missing': { status: 404, type: 'NoSuchEntityException' },
  'entity-table': { status: 409, type: 'EntityTableException' },
  'lineage-missing': { status: 404, type: 'NoSuchDatasetException' },
  'lineage-full': { status: 409, type: 'LineageFullException' },
};

/** The way back, for our own clients; a type that several reasons share gives the one listed first. */
export const refusalReasons: ReadonlyMap<string, RefusalReason> = reasonsByType();

function reasonsByType(): ReadonlyMap<string, RefusalReason> {
  const reasons = new Map<string, RefusalReason>();
  for (const reason of Object.keys(refusalTable))
    if (isReason(reason)) reasons.set(refusalTable[reason].type, reasons.get(refusalTable[reason].type) ?? reason);
  return reasons;
}

function isReason(text: string): text is RefusalReason {
  return Object.hasOwn(refusalTable, text);
}

export function refusalError(refusal: Refusal): RestError {
  const { detail } = refusal;
  return { ...refusalTable[refusal.reason], message: refusal.message, ...(detail === undefined ? {} : { detail }) };
}

function badRequest(message: string): RestError {
  return { status: 400, type: 'BadRequestException', message };
}

/**
 * Only a pointer swap can leave a commit's state unknown (500). When the object store fails, the pointer has not moved:
 * 503, nothing happened. Anything unforeseen is a 500 as well, which clients must read as unknown.
 */
export function thrownError(error: unknown): RestError {
  if (error instanceof SyntaxError) return badRequest(error.message);
  if (error instanceof LakeError) {
    if (error.code === 'CATALOG_OUTCOME_UNKNOWN') return { status: 500, type: 'CommitStateUnknownException', message: error.message };
    if (error.code === 'CATALOG_UNREACHABLE' || error.code === 'IDENTITY_UNREACHABLE' || error.code.startsWith('STORE_'))
      return { status: 503, type: 'ServiceUnavailableException', message: error.message };
    // The table is there; the file that says what is in it is not.
    if (error.code === 'OBJECT_MISSING') return { status: 404, type: 'NotFoundException', message: error.message };
    return { status: 500, type: 'InternalServerError', message: error.message };
  }
  const status = httpStatusOf(error);
  if (status !== null && error instanceof Error)
    return { status, type: status === 400 ? 'BadRequestException' : 'RESTException', message: error.message };
  return { status: 500, type: 'InternalServerError', message: 'Internal server error; the log of the catalog says more' };
}

/** The web framework's own refusals (body too large, unsupported media type) carry their status. */
function httpStatusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return null;
  const status = error.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null;
}

export function errorBody(error: RestError): string {
  const { message, type, status, detail } = error;
  return JSON.stringify({ error: { message, type, code: status, ...(detail === undefined ? {} : { detail }) } });
}
