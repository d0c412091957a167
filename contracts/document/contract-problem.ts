// What is wrong with a contract's document, told so that it can be mended: where, which rule, what to write instead.

export interface ContractProblem {
  /** Name of a row of `lintRules`, such as `unknown-key`; docs/contracts.md explains each. */
  readonly rule: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** Where in the document: `schema[0].properties[2].logicalType`; empty for the document itself. */
  readonly path: string;
  /** What was found and what was expected. */
  readonly message: string;
  /** What to write instead. */
  readonly mend: string;
}

/** `users.odcs.yaml:12:5: error unknown-key: …` and the mend on a line of its own. */
export function problemText(problem: ContractProblem): string {
  const { file, line, column, severity, rule, message, mend } = problem;
  return `${file}:${line}:${column}: ${severity} ${rule}: ${message}\n    mend: ${mend}`;
}
