// `foz check`: every problem at once, each with its mend: those of the file with file:line:column, then what it points
// to. Exit 2 for the file and for this machine, 3 for what is away, refuses or is not set up for capture.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Finding } from '../../connectors/finding.ts';
import { problemText, type ConfigProblem } from '../../runtime/config-file.ts';
import type { Command, CommandCall } from '../command.ts';
import { findConfig, loadConfig, readConfig, type LoadedConfig } from '../config.ts';

export const check: Command = {
  description:
    'Check foz.yaml and everything it points to (object store, Kafka, catalog, PostgreSQL, Cassandra, connectors, ports), and report every problem at once, each with its mend. Exit 2 for the file, 3 for what is away, refuses or is not set up.',
  options: [{ flags: '--offline', doc: 'the file alone' }],
  examples: [
    ['foz check', 'the configuration in this directory and what it points to'],
    ['foz check --offline', 'the file alone: nothing is connected to'],
    ['foz check -c prod/foz.yaml --json', 'another one, as a JSON document'],
  ],
  run: async (call) => {
    const file = findConfig(call.configPath, call.stackDirectory);
    if (file === null || !existsSync(file)) loadConfig(call.configPath, call.stackDirectory);
    const outcome = readConfig(file ?? '');
    const problems = outcome.kind === 'invalid' ? outcome.problems : [];
    const isOffline = call.options['offline'] === true;
    const loaded = outcome.kind === 'valid' ? call.loadConfig() : apartFromStrays(file ?? '', outcome);
    const findings = loaded && !isOffline ? await findingsOf(loaded, call) : [];
    call.print({ file, problems, findings }, () => reportText(file ?? '', problems, findings));
    if (problems.length > 0) return 2;
    const errors = findings.filter(({ severity }) => severity === 'error');
    if (errors.length === 0) return 0;
    return errors.every(({ code }) => code === 'PORT_IN_USE' || code === 'CONFIG_INVALID') ? 2 : 3;
  },
};

/** A setting that does not exist is no reason to leave the rest unasked. */
function apartFromStrays(file: string, { rest }: Extract<ReturnType<typeof readConfig>, { kind: 'invalid' }>): LoadedConfig | null {
  return rest && { config: rest.value, secrets: rest.secrets, file, directory: dirname(file) };
}

async function findingsOf(loaded: LoadedConfig, call: CommandCall): Promise<readonly Finding[]> {
  const [{ probesOf, runProbe }, { tableTargets }] = await Promise.all([import('../probes.ts'), import('../settings.ts')]);
  tableTargets(loaded.config);
  const found = await Promise.all(
    probesOf(loaded).map(async (probe) => {
      const step = call.progress.start(probe.name);
      const findings = await runProbe(probe, call.signal);
      const errors = findings.filter(({ severity }) => severity === 'error').length;
      if (errors > 0) step.fail(errors === 1 ? '1 problem' : `${errors} problems`);
      else step.done();
      return findings;
    }),
  );
  return found.flat();
}

const order = ['error', 'warning', 'notice'];

function reportText(file: string, problems: readonly ConfigProblem[], findings: readonly Finding[]): string {
  if (problems.length === 0 && findings.length === 0) return `${file}: no problem found`;
  const sorted = findings.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  return [...problems.map(problemText), ...sorted.map(findingBlock)].join('\n');
}

function findingBlock({ code, severity, subject, setting, found, needed, mend }: Finding): string {
  return `${severity}: ${subject}: ${setting}  [${code}]\n    expected: ${needed}\n    found:    ${found}\n    mend:     ${mend}`;
}
