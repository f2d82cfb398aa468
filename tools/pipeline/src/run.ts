/**
 * run: gives the plans of one system entry to the core, which writes raw/<system>/<plan id>.{csv,json}. Lane
 * `cuda` runs them on this machine's GPU, by the same command.
 *
 * Reads plans/<system>/ only, never the figure, so that captions and claims cannot re-run anything. Plans
 * with finished records are skipped by the core; records whose plan is gone are removed.
 */

import { rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { runCore } from './lib/core.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { listFolder, readJson } from './lib/files.ts';
import { CORE, LEDGER, NATIVE } from './lib/paths.ts';
import type { Plan } from './lib/plans.ts';
import { showProgress } from './lib/progress.ts';
import { startRecord } from './lib/provenance.ts';
import { runInputs } from './lib/run-inputs.ts';

export interface RunOptions {
  core: string;
  jobs: number;
  /** A value of the first axis: only the plans that are named after it. */
  only?: string;
  /** Plans that the system cannot serve are recorded as such, instead of stopping the run. */
  recordRefusals?: boolean;
  /** What a real GPU runs: the models (the default), or kernels generated after their programs. */
  programs?: 'live' | 'synthetic';
  /** The core's package folder, whose programs and GPU specifications the run depends on. */
  native?: string;
}

/** Runs one system entry; returns how many plans there are and how many of them really ran. */
export async function run(
  args: StepArgs,
  options: RunOptions,
): Promise<{ total: number; ran: number }> {
  const system = args.system;
  if (args.lane === 'measured') {
    throw new UserError('--lane: measurements of the repository are gathered, not run', EXIT.usage);
  }
  if (system === undefined) {
    throw new UserError('--system is missing; expected a system entry of the figure', EXIT.usage);
  }
  const { only } = options;
  const unit = only === undefined ? system : `${system}_${only}`;
  const finish = startRecord(args.out, 'run', unit);
  const folder = join(args.out, 'plans', system);
  const isOwn = (name: string): boolean => only === undefined || name.startsWith(`${only}_`);
  const files = listFolder(folder).filter((name) => name.endsWith('.json') && isOwn(name));
  if (files.length === 0) {
    const which = only === undefined ? 'plans' : `plans of ${only}`;
    throw new UserError(`${folder}: no ${which}; run the prep step of ${args.figure} first`);
  }
  const ids = files.map((name) => name.slice(0, -'.json'.length));
  const raw = join(args.out, 'raw', system);
  dropOthers(raw, ids, isOwn);

  const before = finishedAt(raw, ids);
  const view = showProgress(`run ${unit}`, files.length, process.stderr);
  try {
    await runCore({
      core: resolve(options.core),
      plans: files.map((name) => join(folder, name)),
      out: raw,
      options: [
        ...(args.lane === 'cuda'
          ? ['--lane', 'cuda', '--ledger', LEDGER, '--programs', options.programs ?? 'live']
          : ['--jobs', String(options.jobs)]),
        ...(options.recordRefusals === true ? ['--record-refusals'] : []),
      ],
      onProgress: (event) => {
        view.update(event);
      },
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const kept = [...finishedAt(raw, ids).values()].filter((time) => time !== null).length;
    const note =
      error.exitCode === EXIT.interrupted
        ? `; ${String(kept)} of ${String(files.length)} plans are finished and will not run again`
        : error.exitCode === EXIT.data
          ? ` (plans written from ${join(args.figure, 'figure.json')})`
          : '';
    throw new UserError(`run ${unit}: ${error.message}${note}`, error.exitCode);
  } finally {
    view.stop();
  }

  const after = finishedAt(raw, ids);
  const missing = ids.filter((id) => after.get(id) === null);
  if (missing.length > 0) {
    throw new UserError(
      `${raw}: no records of ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ', …' : ''} ` +
        'although the core reported success; expected a .csv and a .json of every plan',
    );
  }
  const counts = {
    total: ids.length,
    ran: ids.filter((id) => before.get(id) !== after.get(id)).length,
  };
  finish(
    runInputs(
      files.map((name) => readJson(join(folder, name)) as Plan),
      options.native ?? NATIVE,
      args.lane,
    ),
    counts,
  );
  for (const reason of new Set(ids.flatMap((id) => why(raw, id) ?? [])))
    process.stderr.write(`run ${unit}: ${reason}\n`);
  return counts;
}

/** Removes records of plans that the figure no longer has, and what an interrupted write left. */
function dropOthers(raw: string, ids: readonly string[], isOwn: (name: string) => boolean): void {
  for (const name of listFolder(raw).filter(isOwn)) {
    const id = name.replace(/\.(csv|json)$/, '');
    if (id === name || !ids.includes(id)) rmSync(join(raw, name), { recursive: true });
  }
}

/**
 * When each plan's summary, the mark that it is finished, was written; null where there is none. A plan that
 * this machine cannot run has a summary with the reason, and no records.
 */
function finishedAt(raw: string, ids: readonly string[]): Map<string, number | null> {
  return new Map(
    ids.map((id) => {
      const summary = statSync(join(raw, `${id}.json`), { throwIfNoEntry: false });
      const records = statSync(join(raw, `${id}.csv`), { throwIfNoEntry: false });
      if (summary === undefined) return [id, null];
      const finished = records !== undefined || why(raw, id) !== null;
      return [id, finished ? summary.mtimeMs : null];
    }),
  );
}

/** Why a plan has no records, with the kind of reason; null if it has. */
function why(raw: string, id: string): string | null {
  const summary = readJson(join(raw, `${id}.json`)) as {
    unavailable?: unknown;
    refused?: unknown;
  } | null;
  if (typeof summary?.unavailable !== 'string') return null;
  return `${summary.refused === true ? 'not applicable' : 'unavailable'}: ${summary.unavailable}`;
}

/** Simulations per core run: --jobs, else COTENANT_JOBS, else one per processor. */
function jobs(option: string | boolean | undefined): number {
  const given = option ?? process.env['COTENANT_JOBS'];
  const value = given === undefined ? availableParallelism() : Number(given);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UserError(
    `--jobs: is "${String(given)}"; expected a whole number of at least 1`,
    EXIT.usage,
  );
}

/** What --programs says. */
function programs(option: string | boolean | undefined): 'live' | 'synthetic' {
  if (option === 'live' || option === 'synthetic') return option;
  throw new UserError(`--programs: is "${String(option)}"; expected live or synthetic`, EXIT.usage);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const values = parse(process.argv.slice(2), {
      core: { type: 'string', default: CORE },
      jobs: { type: 'string' },
      programs: { type: 'string', default: 'live' },
      only: { type: 'string' },
      'record-refusals': { type: 'boolean', default: false },
    });
    const args = stepArgs(values);
    const { total, ran } = await run(args, {
      core: String(values['core']),
      jobs: jobs(values['jobs']),
      programs: programs(values['programs']),
      ...(typeof values['only'] === 'string' ? { only: values['only'] } : {}),
      recordRefusals: values['record-refusals'] === true,
    });
    const name = [args.system, values['only']].filter((part) => part !== undefined).join(' ');
    console.log(`run ${name}: ${String(total)} plans, ${String(ran)} run now`);
  });
}
