// Progress for people, on stderr: on a terminal one line that redraws itself per running step, elsewhere one line when a
// step ends. Never on stdout, which is for data.

import { systemClock, type Clock } from './clock.ts';

export interface Progress {
  /** Begins a step. Steps may run at the same time. */
  start(label: string): Step;
  /** A line of its own, above the running steps. */
  note(text: string): void;
}

export interface Step {
  update(detail: string): void;
  done(detail?: string): void;
  fail(detail: string): void;
}

export interface ProgressOptions {
  readonly stream?: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly clock?: Clock;
  /** Nothing at all (`--quiet`). */
  readonly isQuiet?: boolean;
}

const silentStep: Step = { update: () => undefined, done: () => undefined, fail: () => undefined };

export const silentProgress: Progress = { start: () => silentStep, note: () => undefined };

export function createProgress(options: ProgressOptions = {}): Progress {
  if (options.isQuiet) return silentProgress;
  const stream = options.stream ?? process.stderr;
  const clock = options.clock ?? systemClock;
  const isLive = stream.isTTY === true;
  const running: { label: string; detail: string; startedAt: number }[] = [];
  let drawnLines = 0;

  const erase = (): void => {
    if (isLive && drawnLines > 0) stream.write(`\u001b[${drawnLines}A\u001b[0J`);
    drawnLines = 0;
  };
  const draw = (): void => {
    if (!isLive) return;
    for (const step of running) stream.write(`${clip(`  … ${step.label}${step.detail && `  ${step.detail}`}`, stream.columns ?? 80)}\n`);
    drawnLines = running.length;
  };
  const line = (text: string): void => {
    erase();
    stream.write(`${text}\n`);
    draw();
  };

  return {
    note: line,
    start: (label) => {
      const step = { label, detail: '', startedAt: clock.now() };
      erase();
      running.push(step);
      draw();
      const end = (mark: string, detail: string): void => {
        const at = running.indexOf(step);
        if (at < 0) return;
        erase();
        running.splice(at, 1);
        const elapsed = ((clock.now() - step.startedAt) / 1000).toFixed(1);
        stream.write(`  ${mark} ${label}${detail && `  ${detail}`}  (${elapsed} s)\n`);
        draw();
      };
      return {
        update: (detail) => {
          erase();
          step.detail = detail;
          draw();
        },
        done: (detail = '') => end('✓', detail),
        fail: (detail) => end('✗', detail),
      };
    },
  };
}

function clip(text: string, columns: number): string {
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 2))}…`;
}
