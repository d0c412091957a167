// `foz table maintain`: the steps of the upkeep on command, for one table or all that Foz keeps up.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identText, type Catalog, type TableIdent } from '../../catalog/catalog.ts';
import { maintainTable, maintenanceSteps, type MaintenanceStep, type TableReport } from '../../maintenance/maintain-table.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { CommandCall } from '../command.ts';
import { listOption } from '../facts/asked.ts';
import { tableText } from '../output.ts';
import { tableTargets } from '../settings.ts';
import { workDirectory } from '../work-directory.ts';
import { maintainedNamespaces, maintainOptions } from './maintain-options.ts';

export const maintainSteps = [...maintenanceSteps, 'purge'] as const;

export async function runMaintain(call: CommandCall): Promise<number> {
  const loaded = call.loadConfig();
  const logger = call.logger(loaded);
  const chosen = listOption(call, 'only');
  const wrong = chosen.find((name) => !maintainSteps.some((step) => step === name));
  if (wrong !== undefined)
    throw new LakeError('ARGUMENT_INVALID', `--only ${wrong}: there is no such step`, { context: { expected: maintainSteps.join(', ') } });
  const steps: readonly MaintenanceStep[] = maintenanceSteps.filter((step) => chosen.length === 0 || chosen.includes(step));
  const isDry = call.options['dryRun'] === true;
  const [wire, { openPurge }] = await Promise.all([import('../wire.ts'), import('../wire-facts.ts')]);
  await using store = wire.openStore(loaded, logger);
  await using opened = await wire.openCatalog(loaded, store, logger);
  const directory = join(workDirectory(loaded), 'maintain');
  const options = maintainOptions(loaded.config.catalog.maintenance, directory);
  const reports: TableReport[] = [];
  try {
    const named = call.args[0];
    const all = tableTargets(loaded.config).map(({ ident }) => ident);
    const idents = named === undefined ? await everyTable(opened.catalog, loaded.config.lake.namespace) : [identNamed(String(named), all)];
    if (steps.length > 0)
      for (const ident of idents) {
        const step = call.progress.start(`${identText(ident)}: ${steps.join(', ')}`);
        const parts = { catalog: opened.catalog, store, clock: systemClock, random: systemRandom, options };
        const report = await maintainTable(ident, steps, parts, isDry, call.signal);
        reports.push(report);
        step.done(report.steps.map(({ outcome }) => outcome).join(', '));
      }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const isPurging = !isDry && call.args[0] === undefined && (chosen.length === 0 || chosen.includes('purge'));
  const purged = isPurging ? await openPurge(loaded, logger, call.signal) : null;
  call.print({ tables: reports, purged }, () => reportText(reports, purged));
  return reports.some((report) => report.steps.some(({ outcome }) => outcome === 'left' || outcome === 'unknown')) ? 1 : 0;
}

async function everyTable(catalog: Catalog, rawNamespace: string): Promise<readonly TableIdent[]> {
  const tables: TableIdent[] = [];
  for (const namespace of maintainedNamespaces(rawNamespace)) {
    try {
      tables.push(...(await catalog.listTables(namespace)));
    } catch (error) {
      // A namespace that was never made.
      if (!(error instanceof LakeError && error.code === 'CATALOG_REFUSED')) throw error;
    }
  }
  return tables;
}

/** `users`, `raw.users`, or any other table of the catalog with its namespace. */
function identNamed(name: string, known: readonly TableIdent[]): TableIdent {
  const found = known.find((ident) => ident.name === name || identText(ident) === name);
  if (found) return found;
  const levels = name.split('.');
  if (levels.length > 1) return { namespace: levels.slice(0, -1), name: levels.at(-1) ?? '' };
  throw new LakeError('ARGUMENT_INVALID', `${name} is no table of foz.yaml`, {
    context: { expected: 'users, raw.users, or namespace.name of any other table', next: 'foz table list' },
  });
}

function reportText(reports: readonly TableReport[], purged: number | null): string {
  const rows = reports.flatMap(({ table, steps }) => steps.map(({ step, outcome, detail }) => [table, step, outcome, detail]));
  const notes = reports.flatMap(({ steps }) => steps.flatMap((step) => step.notes));
  const shown = notes.slice(0, notesMax).map((note) => `  ${note}`);
  if (notes.length > notesMax) shown.push(`  and ${notes.length - notesMax} more (--json lists them)`);
  return [
    tableText(['table', 'step', 'outcome', 'what'], rows),
    ...shown,
    ...(purged === null ? [] : [`${purged} dropped tables purged`]),
  ].join('\n');
}

const notesMax = 20;
