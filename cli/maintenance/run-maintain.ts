// `foz table maintain`: the steps of the upkeep on command, for one table or all that Foz keeps up.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { identText, type Catalog, type TableIdent } from '../../catalog/catalog.ts';
import { maintainTable, maintenanceSteps, type MaintenanceStep, type TableReport } from '../../maintenance/maintain-table.ts';
import { systemClock } from '../../runtime/clock.ts';
import { LakeError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/log.ts';
import { systemRandom } from '../../runtime/random.ts';
import type { CommandCall } from '../command.ts';
import type { LoadedConfig } from '../config.ts';
import { listOption } from '../facts/asked.ts';
import { tableText } from '../output.ts';
import { tableTargets } from '../settings.ts';
import { workDirectory } from '../work-directory.ts';
import { maintainedNamespaces, maintainOptions } from './maintain-options.ts';

export const maintainSteps = [...maintenanceSteps, 'purge'] as const;

interface Asked {
  /** Null: every table. */
  readonly name: string | null;
  readonly steps: readonly MaintenanceStep[];
  readonly isPurging: boolean;
  readonly isDry: boolean;
}

/** A table that could not be kept up; the others had their turn. */
interface FailedTable {
  readonly table: string;
  readonly code: string;
  readonly message: string;
}

export async function runMaintain(call: CommandCall): Promise<number> {
  const loaded = call.loadConfig();
  const logger = call.logger(loaded);
  const asked = askedOf(call);
  const wire = await import('../wire.ts');
  await using store = wire.openStore(loaded, logger);
  await using opened = await wire.openCatalog(loaded, store, logger);
  const directory = join(workDirectory(loaded), 'maintain');
  const options = maintainOptions(loaded.config.catalog.maintenance, directory);
  const reports: TableReport[] = [];
  const failed: FailedTable[] = [];
  try {
    const known = tableTargets(loaded.config).map(({ ident }) => ident);
    const idents = asked.name === null ? await everyTable(opened.catalog, loaded.config.lake.namespace) : [identNamed(asked.name, known)];
    for (const ident of asked.steps.length > 0 ? idents : []) {
      const step = call.progress.start(`${identText(ident)}: ${asked.steps.join(', ')}`);
      const parts = { catalog: opened.catalog, store, clock: systemClock, random: systemRandom, options };
      try {
        const report = await maintainTable(ident, asked.steps, parts, asked.isDry, call.signal);
        reports.push(report);
        step.done(report.steps.map(({ outcome }) => outcome).join(', '));
      } catch (error) {
        // One table alone, or where no other would go better: the error is the answer.
        if (!(error instanceof LakeError) || error.retry === 'backoff' || idents.length === 1) throw error;
        failed.push({ table: identText(ident), code: error.code, message: error.message });
        step.fail(error.message);
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  const purged = asked.isPurging ? await purge(call, loaded, logger, asked.isDry) : null;
  call.print({ tables: reports, failed, purged }, () => reportText(reports, failed, purged, asked.isDry));
  const isLeft = reports.some(({ steps }) => steps.some(({ outcome }) => outcome !== 'done' && outcome !== 'nothing'));
  return isLeft || failed.length > 0 ? 1 : 0;
}

function askedOf(call: CommandCall): Asked {
  const chosen = listOption(call, 'only');
  const wrong = chosen.find((name) => !maintainSteps.some((step) => step === name));
  if (wrong !== undefined)
    throw new LakeError('ARGUMENT_INVALID', `--only ${wrong}: there is no such step`, { context: { expected: maintainSteps.join(', ') } });
  const name = call.args[0] === undefined ? null : String(call.args[0]);
  if (name !== null && chosen.includes('purge'))
    throw new LakeError(
      'ARGUMENT_INVALID',
      `purge is of dropped tables, and ${name} is none: all whose grace is over are purged together`,
      {
        context: { next: 'foz table maintain --only purge' },
      },
    );
  return {
    name,
    steps: maintenanceSteps.filter((step) => chosen.length === 0 || chosen.includes(step)),
    isPurging: name === null && (chosen.length === 0 || chosen.includes('purge')),
    isDry: call.options['dryRun'] === true,
  };
}

/** How many, or with `isDry` would be. Null where another process has the catalog, and purges. */
async function purge(call: CommandCall, loaded: LoadedConfig, logger: Logger, isDry: boolean): Promise<number | null> {
  const { openDroppedTables, openPurge } = await import('../wire-facts.ts');
  if (isDry) {
    await using dropped = await openDroppedTables(loaded, logger);
    try {
      const answer = await dropped.list(call.signal);
      const now = systemClock.now();
      if (answer.kind === 'ok') return answer.value.filter(({ keepUntil }) => Date.parse(keepUntil) <= now).length;
    } catch (error) {
      // Another's catalog, which keeps no such thing.
      if (!(error instanceof LakeError && error.code === 'CATALOG_REFUSED')) throw error;
    }
    return null;
  }
  const purged = await openPurge(loaded, logger, call.signal);
  if (purged === null) call.note('foz: dropped tables are purged where the catalog runs, not from here');
  return purged;
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

function reportText(reports: readonly TableReport[], failed: readonly FailedTable[], purged: number | null, isDry: boolean): string {
  const rows = reports.flatMap(({ table, steps }) => steps.map(({ step, outcome, detail }) => [table, step, outcome, detail]));
  const notes = reports.flatMap(({ steps }) => steps.flatMap((step) => step.notes));
  const shown = notes.slice(0, notesMax).map((note) => `  ${note}`);
  if (notes.length > notesMax) shown.push(`  and ${notes.length - notesMax} more (--json lists them)`);
  return [
    ...(rows.length === 0 ? [] : [tableText(['table', 'step', 'outcome', 'what'], rows)]),
    ...shown,
    ...failed.map(({ table, message }) => `${table} failed: ${message}`),
    ...(purged === null ? [] : [`${purged} dropped tables ${isDry ? 'would be ' : ''}purged`]),
  ].join('\n');
}

const notesMax = 20;
