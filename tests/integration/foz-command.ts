// Commands as the program calls them, without a process each: starting forty of them would be most of a test's time.

import { loadConfig } from '../../cli/config.ts';
import type { Command, CommandCall } from '../../cli/command.ts';
import { jsonText } from '../../cli/output.ts';
import { silentLogger } from '../../runtime/log.ts';
import { createProgress } from '../../runtime/progress.ts';

export interface Ended {
  readonly code: number;
  /** What `--json` prints. */
  readonly answer: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export type Foz = (command: Command, args: readonly unknown[], options?: Readonly<Record<string, unknown>>) => Promise<Ended>;

/** Options that the program would give a default have it here too. */
export function fozCommand(configFile: string, directory: string, signal: AbortSignal): Foz {
  return async (command, args, options = {}) => {
    let answer: unknown = {};
    let text = '';
    const defaults = (command.options ?? []).flatMap((option) =>
      option.default === undefined ? [] : [[/--(?:no-)?([\w-]+)/.exec(option.flags)?.[1] ?? '', option.default] as const],
    );
    const call: CommandCall = {
      args,
      options: { ...Object.fromEntries(defaults), ...options },
      isJson: true,
      configPath: configFile,
      stackDirectory: directory,
      signal,
      progress: createProgress({ isQuiet: true }),
      loadConfig: () => loadConfig(configFile, directory),
      logger: () => silentLogger,
      print: (value, human) => {
        answer = JSON.parse(jsonText(value));
        text = human();
      },
      note: () => undefined,
    };
    const code = await command.run(call);
    return { code, answer: answer as Readonly<Record<string, unknown>>, text };
  };
}
