// What a command is: a description that is cheap to load, and `run`, which imports what it needs when it is called. Data
// goes to stdout through `print`, everything else to stderr; the number returned is the exit code.

import type { Logger } from '../runtime/log.ts';
import type { Progress } from '../runtime/progress.ts';
import type { LoadedConfig } from './config.ts';

export interface CommandArgument {
  /** As commander writes it: `<table>`, `[sql]`, `[tables...]`. */
  readonly name: string;
  readonly doc: string;
}

export interface CommandOption {
  /** As commander writes it: `--only <part>`, `--keep`. */
  readonly flags: string;
  readonly doc: string;
  readonly choices?: readonly string[];
  readonly default?: string | boolean | number;
  /** Checks and converts the text; throw a RangeError that says what was expected. */
  readonly parse?: (text: string) => unknown;
}

export interface Command {
  readonly description: string;
  readonly arguments?: readonly CommandArgument[];
  readonly options?: readonly CommandOption[];
  /** Command lines that work as written, each with what it does. */
  readonly examples: readonly (readonly [line: string, meaning: string])[];
  run(call: CommandCall): Promise<number>;
}

/** A command of commands (`foz table current`), and of groups of them (`foz catalog token create`). */
export interface CommandGroup {
  readonly description: string;
  readonly commands: Readonly<Record<string, Command>>;
  readonly groups?: Readonly<Record<string, CommandGroup>>;
}

export interface CommandCall {
  /** Positional arguments, in order; undefined where an optional one is absent. */
  readonly args: readonly unknown[];
  /** By camel-case name. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly isJson: boolean;
  /** Aborted by the first SIGINT or SIGTERM; the second exits. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Where state of the local stack lives: `.foz/stack` unless FOZ_STACK_DIR says otherwise. */
  readonly stackDirectory: string;
  /** Reads foz.yaml (`--config`, ./foz.yaml, the local stack's); throws CONFIG_INVALID with every problem. */
  loadConfig(): LoadedConfig;
  /** `--config` as given. */
  readonly configPath: string | undefined;
  /** JSON lines on stderr, redacted; level from the configuration when one is given. */
  logger(loaded?: LoadedConfig): Logger;
  /** The result: one JSON document with --json (bigints as decimal text), else the text. */
  print(value: unknown, human: () => string): void;
  /** A line for people on stderr; nothing with --quiet. */
  note(text: string): void;
}
