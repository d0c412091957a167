// Named points of an erasure where the process may die; fault tests cut it short at each.

export const erasePoints = [
  'rewrite:before',
  'rewrite:uploaded',
  'commit:before',
  'commit:after',
  'sweep:before',
  'sweep:listed',
  'sweep:before-data',
  'sweep:between-data',
  'sweep:after-data',
  'sweep:after-manifests',
] as const;

export type ErasePoint = (typeof erasePoints)[number];
