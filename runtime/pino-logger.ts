// The Logger over pino: one JSON line an event on stderr (stdout is for data), redacted by key and by the value of every
// secret this process knows. Synchronous writes: the last line before a crash is the one that is wanted.

import { destination, pino } from 'pino';
import type { LogFields, Logger } from './log.ts';
import { createRedactor, type Redactor } from './redact.ts';
import type { Secret } from './secret.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface PinoLoggerOptions {
  readonly level?: LogLevel;
  readonly secrets?: readonly Secret[];
  /** Fields of every line. */
  readonly base?: LogFields;
  /** Where lines go instead of stderr (tests, a log file). */
  readonly write?: (line: string) => void;
}

/** What is used of a pino logger. */
interface LineWriter {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export function createPinoLogger(options: PinoLoggerOptions = {}): Logger {
  const write = options.write;
  const writer = pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    write ? { write } : destination({ fd: 2, sync: true }),
  );
  return adapt(writer, createRedactor({ secrets: options.secrets ?? [] }), options.base ?? {});
}

function adapt(writer: LineWriter, redactor: Redactor, base: LogFields): Logger {
  const fieldsOf = (fields: LogFields): object => {
    const clean = redactor.value({ ...base, ...fields });
    return typeof clean === 'object' && clean !== null ? clean : {};
  };
  return {
    debug: (fields, message) => writer.debug(fieldsOf(fields), redactor.text(message)),
    info: (fields, message) => writer.info(fieldsOf(fields), redactor.text(message)),
    warn: (fields, message) => writer.warn(fieldsOf(fields), redactor.text(message)),
    error: (fields, message) => writer.error(fieldsOf(fields), redactor.text(message)),
    child: (fields) => adapt(writer, redactor, { ...base, ...fields }),
  };
}
