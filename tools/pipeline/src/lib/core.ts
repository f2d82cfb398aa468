/** Starting the native core, following its progress, and stopping it. */

import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { $ } from 'zx';
import { EXIT, UserError } from './errors.ts';
import { parseProgress, type ProgressEvent } from './progress.ts';

/** Time that the core has to finish its files after a signal, before it is killed. */
const GRACE_MS = 5000;

export interface CoreRun {
  core: string;
  plans: string[];
  out: string;
  /** Options of the lane. */
  options: string[];
  onProgress: (event: ProgressEvent) => void;
}

/** Runs plans to the end. Throws UserError with the core's own message, or if a signal stopped it. */
export async function runCore({ core, plans, out, options, onProgress }: CoreRun): Promise<void> {
  if (!existsSync(core)) {
    throw new UserError(`${core}: not built; run: npx nx run shared-native:build`, EXIT.io);
  }
  // exec: the shell that zx starts becomes the core; detached: it leads a process group of its own, so that
  // a terminal's Ctrl-C reaches this step alone, which then stops the core in order.
  const child = $({
    quiet: true,
    detached: true,
    nothrow: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })`exec ${core} run ${plans} --out ${out} ${options} --progress`;
  const messages: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    const event = parseProgress(line);
    if (event !== null) onProgress(event);
    else if (line.trim() !== '') messages.push(line.trim());
  });

  const stop = new AbortController();
  let killer: NodeJS.Timeout | undefined;
  const onSignal = (): void => {
    stop.abort();
    signalGroup(child.pid, 'SIGTERM');
    killer ??= setTimeout(() => {
      signalGroup(child.pid, 'SIGKILL');
    }, GRACE_MS);
  };
  const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const [result] = await Promise.all([child, once(lines, 'close')]);
    if (stop.signal.aborted) throw new UserError('interrupted', EXIT.interrupted);
    if (result.exitCode === 0) {
      for (const message of messages) process.stderr.write(`${message}\n`);
      return;
    }
    throw new UserError(failure(messages, result.exitCode, result.signal), result.exitCode ?? 70);
  } finally {
    clearTimeout(killer);
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** The core's last message without its own prefix, or what is known of a silent end. */
function failure(messages: readonly string[], code: number | null, signal: string | null): string {
  const last = messages.at(-1);
  if (last !== undefined) return last.replace(/^(cotenant: )?(error: )?/, '');
  return signal === null
    ? `the core ended with exit code ${String(code)} and no message`
    : `the core was ended by ${signal}`;
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended in between: nothing is left to stop.
  }
}
