// `foz catalog serve`: the embedded catalog as a process of its own, for several workers.

import type { CommandGroup } from '../command.ts';

export const catalog: CommandGroup = {
  description: 'The Iceberg REST catalog.',
  commands: {
    serve: {
      description: 'Serve the embedded catalog (catalog.listen) until SIGINT or SIGTERM. The same as foz run --only catalog.',
      examples: [['foz catalog serve', 'then elsewhere: foz run --only sync']],
      run: async (call) => {
        const loaded = call.loadConfig();
        const { serveCatalogAlone } = await import('./run.ts');
        return serveCatalogAlone(call, loaded, call.logger(loaded));
      },
    },
  },
};
