// Who runs this command, for the audit log of a catalog that asks nobody: its database is open to whoever can reach it.

import { userInfo } from 'node:os';

export function personHere(): string {
  try {
    return userInfo().username;
  } catch {
    // No such user in this container.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
