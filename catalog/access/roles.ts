// Who may do what: sets, not a ladder. A token or a claim gives roles; a route asks for one access.

export const roles = ['reader', 'writer', 'contract-admin', 'operator', 'rules'] as const;
export type Role = (typeof roles)[number];

/** What a route asks for. `public`: no one needs to say who they are. */
export type Access = 'public' | Role;

/** What each role may use. `rules` is Trino's: its address carries the token, so it opens nothing else. */
const opens: Readonly<Record<Role, ReadonlySet<Access>>> = {
  reader: new Set<Access>(['public', 'reader']),
  writer: new Set<Access>(['public', 'reader', 'writer']),
  'contract-admin': new Set<Access>(['public', 'reader', 'contract-admin']),
  operator: new Set<Access>(['public', 'reader', 'writer', 'contract-admin', 'operator', 'rules']),
  rules: new Set<Access>(['public', 'rules']),
};

export function isRole(text: string): text is Role {
  return Object.hasOwn(opens, text);
}

export function isPermitted(held: readonly Role[], access: Access): boolean {
  return access === 'public' || held.some((role) => opens[role].has(access));
}
