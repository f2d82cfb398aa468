/**
 * Provenance: when, where, by which commit and from what a step made its output, and how long it took.
 *
 * Kept in <out>/provenance/, apart from results, because results must be the same bytes on every run.
 * `status` compares the recorded inputs with today's; `check` merges the records into run.json.
 */

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Inputs } from './digest.ts';
import { listFolder, readJson, toJson, writeAtomic } from './files.ts';
import { ROOT } from './paths.ts';

export interface StepRecord {
  step: string;
  /** System entry of a run step. */
  system?: string;
  started: string;
  duration_s: number;
  /** Commit of the checkout, and whether files differed from it; null outside a git checkout. */
  commit: string | null;
  modified: boolean | null;
  node: string;
  cpu: string;
  inputs: Inputs;
  /** Runs: how many plans there are, and how long the ones that really ran took. */
  plans?: { total: number; ran: number; ran_s: number };
}

export function recordPath(out: string, step: string, system?: string): string {
  return join(out, 'provenance', `${system === undefined ? step : `${step}-${system}`}.json`);
}

/** Starts the clock of a step; the returned function writes its record. */
export function startRecord(
  out: string,
  step: string,
  system?: string,
): (inputs: Inputs, plans?: { total: number; ran: number }) => void {
  const started = new Date();
  return (inputs, plans) => {
    const seconds = roundSeconds((Date.now() - started.getTime()) / 1000);
    const record: StepRecord = {
      step,
      ...(system === undefined ? {} : { system }),
      started: started.toISOString(),
      duration_s: seconds,
      ...gitState(),
      node: process.version,
      cpu: `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`,
      inputs,
      ...(plans === undefined ? {} : { plans: timing(out, step, system, plans, seconds) }),
    };
    writeAtomic(recordPath(out, step, system), toJson(record));
  };
}

/** The record of a step, or null if it has none that can be read. */
export function readRecord(out: string, step: string, system?: string): StepRecord | null {
  const path = recordPath(out, step, system);
  if (!listFolder(join(out, 'provenance')).some((name) => path.endsWith(`/${name}`))) return null;
  const record = readJson(path) as Partial<StepRecord> | null;
  return typeof record?.duration_s === 'number' && typeof record.inputs === 'object'
    ? (record as StepRecord)
    : null;
}

/** All records of a figure, sorted by file name. */
export function readRecords(out: string): StepRecord[] {
  const folder = join(out, 'provenance');
  return listFolder(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readJson(join(folder, name)) as StepRecord);
}

/** A run that only resumed keeps the time of the last real one: it is what the next will take. */
function timing(
  out: string,
  step: string,
  system: string | undefined,
  plans: { total: number; ran: number },
  seconds: number,
): NonNullable<StepRecord['plans']> {
  const last = readRecord(out, step, system)?.plans;
  if (plans.ran === 0 && last !== undefined) return { ...last, total: plans.total };
  return { ...plans, ran_s: seconds };
}

/** Commit of the checkout, and whether files differ from it, but for those that `except` (git's patterns) names. */
export function gitState(...except: string[]): {
  commit: string | null;
  modified: boolean | null;
} {
  const git = (...args: string[]): string =>
    execFileSync('git', args, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    const commit = git('rev-parse', 'HEAD');
    const others = except.map((pattern) => `:(exclude)${pattern}`);
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', '.', ...others);
    return { commit, modified: changed !== '' };
  } catch {
    return { commit: null, modified: null };
  }
}

function roundSeconds(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
