// Stopping on SIGINT and SIGTERM: the first asks (an AbortSignal that everything long-lived carries), the second exits.

import { LakeError } from './errors.ts';

export interface Shutdown extends Disposable {
  /** Aborted with a `ShutdownRequested` by the first signal. */
  readonly signal: AbortSignal;
  /** As if a signal had come: for a fatal error in one part of the process. */
  request(reason: string): void;
}

class ShutdownRequested extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ShutdownRequested';
  }
}

export interface ShutdownOptions {
  /** Told once, with the signal's name: the place for a line on stderr. */
  readonly onRequest?: (reason: string) => void;
  /** Ends the process on the second signal; 128 + signal number, as shells expect. */
  readonly exit?: (code: number) => void;
}

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

export function listenForShutdown(options: ShutdownOptions = {}): Shutdown {
  const controller = new AbortController();
  const exit = options.exit ?? ((code: number) => process.exit(code));
  const request = (reason: string): void => {
    if (controller.signal.aborted) return;
    controller.abort(new ShutdownRequested(reason));
    options.onRequest?.(reason);
  };
  const listenerOf = (name: 'SIGINT' | 'SIGTERM') => () => (controller.signal.aborted ? exit(128 + signalNumbers[name]) : request(name));
  const onInt = listenerOf('SIGINT');
  const onTerm = listenerOf('SIGTERM');
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  return {
    signal: controller.signal,
    request,
    [Symbol.dispose]: () => {
      process.off('SIGINT', onInt);
      process.off('SIGTERM', onTerm);
    },
  };
}

/** Was this the stop that was asked for, not a failure? */
export function isShutdown(error: unknown): boolean {
  if (error instanceof ShutdownRequested) return true;
  return error instanceof LakeError && error.cause !== undefined && isShutdown(error.cause);
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
