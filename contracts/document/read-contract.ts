// A contract document, whatever it was written in, as a Contract; or every problem that keeps it from being one.
//
//   readContract(text, file) → { kind: 'contract', contract, format, warnings } | { kind: 'problems', problems }
//
// The format is recognised by what the document says of itself: `kind: DataContract` with `apiVersion` is the Open Data
// Contract Standard, `dataContractSpecification` is the Data Contract Specification, a JSON Schema with `x-contract` is a
// JSON Schema with metadata. Nothing is fetched and no file but this text is looked at.

import type { Contract } from '../contract.ts';
import type { ContractProblem } from './contract-problem.ts';

export type ContractFormat = 'odcs' | 'json-schema' | 'dcs';

export type ContractReading =
  | {
      readonly kind: 'contract';
      readonly contract: Contract;
      readonly format: ContractFormat;
      /** Worth a look, but no obstacle. */
      readonly warnings: readonly ContractProblem[];
    }
  | { readonly kind: 'problems'; readonly problems: readonly ContractProblem[] };

export interface ReadContractOptions {
  /** A JSON Schema without metadata is taken as a draft, named after its file. */
  readonly plainSchema?: boolean;
}

/** `file` is only named in problems. Never throws for what the text says; bounded in time and memory (limits.ts). */
export function readContract(_text: string, file: string, _options: ReadContractOptions = {}): ContractReading {
  const problem: ContractProblem = {
    rule: 'unknown-format',
    severity: 'error',
    file,
    line: 1,
    column: 1,
    path: '',
    message: 'the document is none of: ODCS, JSON Schema with x-contract, DCS',
    mend: 'Begin with `apiVersion: v3.2.0` and `kind: DataContract`.',
  };
  return { kind: 'problems', problems: [problem] };
}
