// The `foz` command: parses, loads the one command asked for, runs it, and turns how it ended into an exit code:
// 0 ok, 1 findings, 2 usage or configuration, 3 a dependency is away, 4 halted, 5 a bug.

import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command as Commander, CommanderError, InvalidArgumentError, Option } from 'commander';
import { LakeError } from '../runtime/errors.ts';
import { createPinoLogger } from '../runtime/pino-logger.ts';
import { createProgress } from '../runtime/progress.ts';
import { createRedactor } from '../runtime/redact.ts';
import type { Secret } from '../runtime/secret.ts';
import { isShutdown, listenForShutdown } from '../runtime/shutdown.ts';
import type { Command, CommandCall, CommandGroup, CommandOption } from './command.ts';
import { commandTable } from './command-table.ts';
import { loadConfig } from './config.ts';
import { errorJson, errorText, jsonText } from './output.ts';
import { version } from './version.ts';

/** Secrets met in this run, so that no error text shows one. */
interface Run {
  readonly secrets: Secret[];
  exitCode: number;
}

export async function foz(argv: readonly string[]): Promise<number> {
  const run: Run = { secrets: [], exitCode: 0 };
  hideClientWarnings();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  try {
    const program = await programFor(argv, run);
    await program.parseAsync([...argv], { from: 'user' });
    return run.exitCode;
  } catch (error) {
    return report(error, argv.includes('--json'), run);
  }
}

/** The Kafka client computes a time-out below zero now and then, which Node mentions; nothing follows from it. */
function hideClientWarnings(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`);
  });
}

function report(error: unknown, isJson: boolean, run: Run): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isShutdown(error)) return 0;
  const redactor = createRedactor({ secrets: run.secrets, textMax: 20_000 });
  const known = error instanceof LakeError ? error : bugOf(error);
  if (known.exitCode === 5) {
    const log = join(tmpdir(), 'foz', `crash-${new Date().toISOString().replaceAll(':', '-')}.log`);
    mkdirSync(dirname(log), { recursive: true });
    writeFileSync(log, `${JSON.stringify(redactor.value({ foz: version(), node: process.version, error }), null, 2)}\n`, { mode: 0o600 });
    process.stderr.write(`foz: the trace is in ${log}\n`);
  }
  process.stderr.write(`${isJson ? jsonText(errorJson(known, redactor)) : errorText(known, redactor)}\n`);
  return known.exitCode;
}

function bugOf(error: unknown): LakeError {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new LakeError('INTERNAL', message, { cause: error });
}

/** Only the command that the arguments name is loaded; the others are there by name and summary. */
async function programFor(argv: readonly string[], run: Run): Promise<Commander> {
  const program = new Commander('foz')
    .description('Change data capture from PostgreSQL and Cassandra into an open lake: exactly once, exact types, proven row by row.')
    .version(version(), '-V, --version')
    .option('-c, --config <file>', 'configuration (default: ./foz.yaml, else the local stack’s)')
    .option('--json', 'the result as JSON on stdout')
    .option('-q, --quiet', 'no progress on stderr')
    .helpOption('-h, --help', 'show help; also after a command')
    .showHelpAfterError('(add --help for usage and examples)')
    .enablePositionalOptions(false)
    .exitOverride()
    .addHelpText(
      'after',
      examplesText([
        ['npm run demo', 'everything on one machine, with proof'],
        ['foz init && foz check', 'begin with your own set-up'],
      ]),
    );
  const asked = namedCommand(argv);
  for (const { name, summary, load } of commandTable) {
    if (name !== asked) program.command(name).summary(summary).description(summary).allowUnknownOption().allowExcessArguments();
    else addCommand(program, name, summary, await load(), run);
  }
  return program;
}

function namedCommand(argv: readonly string[]): string | undefined {
  const names = new Set(commandTable.map(({ name }) => name));
  return (
    argv.find(
      (word, index) => names.has(word) && !['-c', '--config'].includes(argv[index - 1] ?? '') && (argv[index - 1] ?? '') !== 'help',
    ) ?? (argv[0] === 'help' ? argv[1] : undefined)
  );
}

function addCommand(parent: Commander, name: string, summary: string, loaded: Command | CommandGroup, run: Run): void {
  const command = parent.command(name).summary(summary).description(loaded.description).exitOverride();
  if ('commands' in loaded) {
    const inside = Object.entries({ ...loaded.commands, ...loaded.groups });
    for (const [inner, definition] of inside) addCommand(command, inner, definition.description, definition, run);
    return;
  }
  for (const argument of loaded.arguments ?? []) command.argument(argument.name, argument.doc);
  for (const option of loaded.options ?? []) command.addOption(optionOf(option));
  // Global options may stand after the command too: people write them there.
  command
    .option('-c, --config <file>', 'configuration')
    .option('--json', 'the result as JSON on stdout')
    .option('-q, --quiet', 'no progress on stderr');
  command.addHelpText('after', examplesText(loaded.examples));
  command.action(async (...received: unknown[]) => {
    const args = received.slice(0, loaded.arguments?.length ?? 0);
    run.exitCode = await execute(loaded, args, command.optsWithGlobals(), run);
  });
}

function optionOf(option: CommandOption): Option {
  const made = new Option(option.flags, option.doc);
  if (option.choices) made.choices([...option.choices]);
  if (option.default !== undefined) made.default(option.default);
  const parse = option.parse;
  if (parse) {
    made.argParser((text: string) => {
      try {
        return parse(text);
      } catch (error) {
        throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
      }
    });
  }
  return made;
}

async function execute(command: Command, args: readonly unknown[], options: Readonly<Record<string, unknown>>, run: Run): Promise<number> {
  const isJson = options['json'] === true;
  const isQuiet = options['quiet'] === true;
  const configPath = typeof options['config'] === 'string' ? options['config'] : undefined;
  const stackDirectory = resolve(process.env['FOZ_STACK_DIR'] ?? join('.foz', 'stack'));
  using shutdown = listenForShutdown({
    onRequest: (reason) => process.stderr.write(`foz: ${reason}: stopping; once more to stop at once\n`),
  });
  const call: CommandCall = {
    args,
    options,
    isJson,
    configPath,
    stackDirectory,
    signal: shutdown.signal,
    progress: createProgress({ isQuiet }),
    loadConfig: () => {
      const loaded = loadConfig(configPath, stackDirectory);
      run.secrets.push(...loaded.secrets);
      return loaded;
    },
    logger: (loaded) => createPinoLogger(loaded ? { level: loaded.config.logging.level, secrets: loaded.secrets } : { level: 'warn' }),
    print: (value, human) => {
      const text = isJson ? jsonText(value) : human();
      if (text !== '') process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
    },
    note: (text) => {
      if (!isQuiet) process.stderr.write(`${text}\n`);
    },
  };
  // Awaited here: the listeners live until the command has ended.
  return await command.run(call);
}

function examplesText(examples: Command['examples']): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return `\nExamples:\n${examples.map(([line, meaning]) => `  $ ${line.padEnd(width)}  # ${meaning}`).join('\n')}\n`;
}

if (import.meta.main) process.exitCode = await foz(process.argv.slice(2));
