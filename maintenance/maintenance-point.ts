// Named points of the upkeep where the process may die; fault tests cut it short at each.

export const maintenancePoints = [
  'compact:before-rewrite',
  'compact:rewritten',
  'compact:uploaded',
  'compact:before-commit',
  'compact:after-commit',
  'manifests:before-commit',
  'manifests:after-commit',
  'expire:before-commit',
  'expire:after-commit',
  'sweep:listed',
  'sweep:before-delete',
  'sweep:between-deletes',
  'sweep:after-delete',
  'purge:before-delete',
  'purge:between-deletes',
  'purge:before-forget',
] as const;

export type MaintenancePoint = (typeof maintenancePoints)[number];

/** May never resolve: the process is then as good as killed at that point. */
export type MaintenanceHook = (point: MaintenancePoint) => void | Promise<void>;
