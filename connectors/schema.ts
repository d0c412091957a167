// The demo's tables, from the files in schema/, with names put in. Statements only; the caller's connection runs them.

import { readFile } from 'node:fs/promises';
import { quoteIdentifier, quoteLiteral } from '../sources/postgres-client.ts';

export interface UsersSchemaSettings {
  /** The role the connector logs in as. */
  readonly cdcRole: string;
  readonly publication: string;
}

/** One text for the simple query protocol; idempotent. Run as the owner of the database, after `captureRoleSql`. */
export async function usersSchemaSql(settings: UsersSchemaSettings): Promise<string> {
  const text = await readFile(new URL('schema/users.sql', import.meta.url), 'utf8');
  return text.replaceAll(':cdc_role', quoteIdentifier(settings.cdcRole)).replaceAll(':publication', quoteIdentifier(settings.publication));
}

/** What the connector's role needs beside the grants of the schema: login and replication. Idempotent; run as superuser. */
export function captureRoleSql(role: string, password: string): string {
  const name = quoteIdentifier(role);
  return `DO $$ BEGIN CREATE ROLE ${name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE ${name} LOGIN REPLICATION PASSWORD ${quoteLiteral(password)};`;
}

/** Statements in order, each idempotent, for a driver that takes one at a time. */
export async function ridesSchemaCql(): Promise<readonly string[]> {
  const text = await readFile(new URL('schema/rides.cql', import.meta.url), 'utf8');
  return text
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
