// Hosts that only this machine reaches, and the names that requests from it carry.

const names: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1', '[::1]']);

export function isLoopbackHost(host: string): boolean {
  return names.has(host.toLowerCase());
}
