// A contract in another language. Each target is one file beside this one; ODCS and JSON Schema are the contract itself,
// written by document/write-contract.ts.

import type { Contract } from '../contract.ts';
import { writeJsonSchema, writeOdcs } from '../document/write-contract.ts';
import { avroSchemaOf } from './avro-schema.ts';
import { htmlPage } from './html-page.ts';
import { postgresDdl } from './postgres-ddl.ts';
import { trinoDdl } from './trino-ddl.ts';
import { typescriptOf } from './typescript.ts';

export const exportTargets = ['typescript', 'avro', 'sql', 'trino', 'html', 'json-schema', 'odcs'] as const;

export type ExportTarget = (typeof exportTargets)[number];

export function exportContract(contract: Contract, target: ExportTarget): string {
  switch (target) {
    case 'typescript':
      return typescriptOf(contract);
    case 'avro': {
      const schemas = contract.tables.map((table) => avroSchemaOf(contract, table));
      return `${JSON.stringify(schemas.length === 1 ? schemas[0] : schemas, null, 2)}\n`;
    }
    case 'sql':
      return postgresDdl(contract);
    case 'trino':
      return trinoDdl(contract);
    case 'html':
      return htmlPage(contract);
    case 'json-schema':
      return writeJsonSchema(contract);
    case 'odcs':
      return writeOdcs(contract);
  }
}
