// What preflight finds, one at a time: which setting, what it is, what is needed, and the statement that mends it. A
// finding is a value; `foz check` prints all of them at once.

export type Severity =
  /** Capture does not start, or loses or alters data. */
  | 'error'
  /** Works now and hurts later. */
  | 'warning'
  /** Good to know. */
  | 'notice';

export interface Finding {
  /** Stable, for scripts: POSTGRES_WAL_LEVEL. */
  readonly code: string;
  readonly severity: Severity;
  /** On what: a server, table, slot, topic. */
  readonly subject: string;
  readonly setting: string;
  readonly found: string;
  readonly needed: string;
  /** The statement, command or edit that mends it, ready to paste. */
  readonly mend: string;
  /** Where the configuration says so, when it is a matter of the file. */
  readonly location?: { readonly file: string; readonly line: number; readonly column: number };
}

/** Whether capture can start. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.severity === 'error');
}

/** `POSTGRES_WAL_LEVEL: server 127.0.0.1:5432: wal_level is replica, needed logical. Mend: …` */
export function findingText(finding: Finding): string {
  return `${finding.code}: ${finding.subject}: ${finding.setting} is ${finding.found}, needed ${finding.needed}. Mend: ${finding.mend}`;
}
