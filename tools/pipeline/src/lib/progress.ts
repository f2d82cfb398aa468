/**
 * Progress of one system's plans: a bar with the time left on a terminal, a line now and then where
 * output is collected, nothing in CI.
 */

import cliProgress from 'cli-progress';
import { formatSeconds } from './duration.ts';

/** One line of the core's progress stream. */
export interface ProgressEvent {
  plan: string;
  /** Share of the plan that is done, 0 to 1. */
  done: number;
}

/** The progress event in a line, or null if the line is a message. */
export function parseProgress(line: string): ProgressEvent | null {
  if (!line.startsWith('{')) return null;
  try {
    const value = JSON.parse(line) as Partial<ProgressEvent>;
    if (typeof value.plan !== 'string' || typeof value.done !== 'number') return null;
    return { plan: value.plan, done: Math.min(1, Math.max(0, value.done)) };
  } catch {
    return null;
  }
}

/** The rate is taken over this much of the past, so that plans found finished do not distort it. */
const WINDOW_MS = 20_000;

/** Sums progress over plans and estimates the time left. Plans count alike. */
export class ProgressEstimate {
  readonly #done = new Map<string, number>();
  readonly #total: number;
  #history: { at: number; done: number }[] = [];

  constructor(total: number) {
    this.#total = total;
  }

  update(event: ProgressEvent, now: number): void {
    this.#done.set(event.plan, event.done);
    this.#history.push({ at: now, done: this.doneShare });
    while ((this.#history[1]?.at ?? now) < now - WINDOW_MS) this.#history.shift();
  }

  /** Share of all plans that is done. */
  get doneShare(): number {
    let sum = 0;
    for (const done of this.#done.values()) sum += done;
    return sum / this.#total;
  }

  get finished(): number {
    return [...this.#done.values()].filter((done) => done >= 1).length;
  }

  /** Seconds left at the recent rate, or null while there is none. */
  secondsLeft(now: number): number | null {
    const first = this.#history[0];
    if (first === undefined || now - first.at < 500) return null;
    const rate = (this.doneShare - first.done) / ((now - first.at) / 1000);
    return rate <= 0 ? null : (1 - this.doneShare) / rate;
  }
}

export interface ProgressView {
  update(event: ProgressEvent): void;
  stop(): void;
}

/** Between two lines where output is not a terminal. */
const LINE_EVERY_MS = 10_000;

/** Shows progress in the way that the output stream asks for. */
export function showProgress(
  title: string,
  total: number,
  stream: NodeJS.WriteStream,
): ProgressView {
  const estimate = new ProgressEstimate(total);
  const left = (): string => {
    const seconds = estimate.secondsLeft(Date.now());
    return seconds === null ? '' : `, ${formatSeconds(seconds)} left`;
  };
  if (process.env['CI'] !== undefined) {
    return { update: () => undefined, stop: () => undefined };
  }
  if (!stream.isTTY) {
    let last = Date.now();
    return {
      update(event) {
        estimate.update(event, Date.now());
        if (Date.now() - last < LINE_EVERY_MS) return;
        last = Date.now();
        const percent = String(Math.floor(estimate.doneShare * 100));
        stream.write(
          `${title}: ${String(estimate.finished)} of ${String(total)} plans, ${percent} %${left()}\n`,
        );
      },
      stop: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar(
    {
      stream,
      format: `${title} {bar} {percentage} %  {finished}/${String(total)} plans{left}`,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(1000, 0, { finished: 0, left: '' });
  return {
    update(event) {
      estimate.update(event, Date.now());
      bar.update(Math.floor(estimate.doneShare * 1000), {
        finished: estimate.finished,
        left: left(),
      });
    },
    stop: () => {
      bar.stop();
    },
  };
}
