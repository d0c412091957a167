// How much a registry takes. Each is reported when it is reached.

import { documentBytesMax } from '../../contracts/document/limits.ts';

export const registryLimits = {
  /** UTF-8 bytes of one document: what is read at all. */
  documentBytes: documentBytesMax,
  documentNameLength: 255,
  noteLength: 1000,
  /** Of one contract. */
  versions: 1000,
  tables: 100,
  /** Promised versions that a transitive mode compares with, the newest ones. */
  comparedVersions: 50,
  /** Tries of one change against a contract that keeps changing. */
  attempts: 8,
  /** Problems of a document told in one refusal. */
  problemsTold: 50,
  /** Documents kept read. */
  contractsCached: 64,
} as const;

export const tableNamePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
/** No folders, no control characters. */
export const documentNamePattern = /^[^/\\\p{Cc}]{1,255}$/u;
