// `foz catalog serve`: the embedded catalog as a process of its own, with or without a foz.yaml.

import type { Logger } from '../../runtime/log.ts';
import { aborted } from '../../runtime/shutdown.ts';
import type { CatalogSettings } from '../catalog/catalog-settings.ts';
import type { Command, CommandCall, CommandGroup } from '../command.ts';
import { findConfig } from '../config.ts';
import { restore } from './catalog-restore.ts';
import { rules } from './catalog-rules.ts';
import { token } from './catalog-token.ts';

const serve: Command = {
  description:
    'Serve the catalog until SIGINT or SIGTERM; requests under way are answered first. Settings are those of catalog: in foz.yaml, flags stand over them; without a foz.yaml, --warehouse is enough. With --json one line on stdout says where it listens, once it does.',
  options: [
    { flags: '--host <host>', doc: 'listen there (default: catalog.listen, 127.0.0.1)' },
    { flags: '--port <number>', doc: 'listen there (default: catalog.listen, 8181); 0 chooses a free one', parse: portNumber },
    { flags: '--warehouse <location>', doc: 'where tables lie: file:PATH or s3://BUCKET/PREFIX (default: lake.store)' },
    { flags: '--store <address>', doc: 'database: sqlite:PATH or postgres://… (default: catalog.store, sqlite:.foz/catalog.sqlite)' },
    { flags: '--allow-location <prefixes...>', doc: 'where tables may lie besides; repeatable' },
  ],
  examples: [
    ['foz catalog serve', 'as foz.yaml says; then elsewhere: foz run --only sync'],
    ['foz catalog serve --port 8181 --warehouse file:lake --store sqlite:catalog.sqlite', 'without a foz.yaml'],
    ['PGPASSWORD=… foz catalog serve --warehouse s3://lake/tables --store postgres://foz@db/catalog', 'several catalogs may share it'],
  ],
  run: async (call) => {
    const { flaggedCatalogSettings } = await import('../catalog/catalog-settings.ts');
    const lake = findConfig(call.configPath, call.stackDirectory) === null && call.configPath === undefined ? null : call.loadConfig();
    const { host, port, warehouse, store, allowLocation } = call.options;
    const settings = flaggedCatalogSettings(lake, {
      ...(typeof host === 'string' ? { host } : {}),
      ...(typeof port === 'number' ? { port } : {}),
      ...(typeof warehouse === 'string' ? { warehouse } : {}),
      ...(typeof store === 'string' ? { store } : {}),
      ...(Array.isArray(allowLocation) ? { allowLocations: allowLocation.map(String) } : {}),
    });
    return serveCatalogAlone(call, settings, call.logger(lake ?? undefined));
  },
};

export const catalog: CommandGroup = { description: 'The Iceberg REST catalog.', commands: { serve, restore, rules }, groups: { token } };

/** Also `foz run --only catalog`. */
export async function serveCatalogAlone(call: CommandCall, settings: CatalogSettings, logger: Logger): Promise<number> {
  const [{ openCatalogService }, { createPromMetrics }, { version }] = await Promise.all([
    import('../catalog/open-catalog-service.ts'),
    import('../../runtime/prom-metrics.ts'),
    import('../version.ts'),
  ]);
  const onWait = (reason: string): void => call.note(`waiting: ${reason}`);
  const metrics = createPromMetrics({ version: version(), process: true });
  await using service = await openCatalogService(settings, { logger, metrics, onWait }, call.signal);
  const { url, warehouse, database, allowLocations } = service;
  if (call.isJson) call.print({ url, warehouse, store: database, allowLocations, pid: process.pid }, () => '');
  else call.note(`catalog: ${url}   warehouse: ${warehouse}   store: ${database}`);
  await aborted(call.signal);
  return 0;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535) throw new RangeError(`${text} is not a port: expected 0 to 65535`);
  return port;
}
