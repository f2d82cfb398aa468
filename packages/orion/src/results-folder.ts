/**
 * The results folder of Orion's artifact evaluation, as its run scripts leave it:
 *
 *     results/{ideal}/{Model}_{run}_{hp|be}.json
 *     results/{reef,orion}/{BE}_{HP}_{run}_{hp|be}.json     the best-effort job's name first
 *     results/mps/{HP}_{BE}_{run}.json                      the high-priority job's name first
 *
 * Files of REEF, Orion and ideal hold the keys of Orion's clients: p50_latency, p95_latency, p99_latency (ms) and
 * throughput, or for training throughput alone. MPS ran under the artifact's baselines tool, whose file holds both
 * jobs, each key ending in the job's number: 0 is the high-priority one.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { listFolder, readJson } from '../../../tools/pipeline/src/lib/files.ts';
import { unknownName } from '../../../tools/pipeline/src/lib/suggest.ts';

export const SYSTEMS = ['ideal', 'mps', 'reef', 'orion'] as const;
export type System = (typeof SYSTEMS)[number];
export type Job = 'hp' | 'be';

/** What one run's file says of one job. */
export interface JobResult {
  file: string;
  system: System;
  run: number;
  job: Job;
  /** Names of the jobs as the files have them; ideal runs one of them alone. */
  models: Partial<Record<Job, string>>;
  /** ms, by percentile; training has none. */
  latency: Partial<Record<Statistic, number>>;
  /** Requests or iterations per second. */
  throughput: number;
}

const STATISTICS = ['p50', 'p90', 'p95', 'p99'] as const;
type Statistic = (typeof STATISTICS)[number];

const value = z.number().positive();

/** Every result of the folder, in the order of their names. Throws UserError for a file that does not fit. */
export function readResultsFolder(folder: string): JobResult[] {
  const present = listFolder(folder);
  const systems = SYSTEMS.filter((system) => present.includes(system));
  if (systems.length === 0) {
    throw new UserError(
      `${folder}: none of the folders ${SYSTEMS.join(', ')}; expected the artifact's results folder`,
    );
  }
  const results = systems.flatMap((system) =>
    listFolder(join(folder, system))
      .filter((name) => name.endsWith('.json'))
      .flatMap((name) => readFileOf(system, join(folder, system), name)),
  );
  if (results.length === 0) {
    throw new UserError(`${folder}: no .json files in ${systems.join(', ')}; expected results`);
  }
  return results;
}

function readFileOf(system: System, folder: string, name: string): JobResult[] {
  const file = join(folder, name);
  const parts = name.replace(/\.json$/, '').split('_');
  if (system === 'mps') {
    const [hp, be, run] = parts;
    const models = { hp: named(file, hp), be: named(file, be) };
    if (parts.length !== 3) throw misnamed(file, '{HP}_{BE}_{run}.json');
    return [
      mpsJob(file, runOf(file, run), 'hp', models),
      mpsJob(file, runOf(file, run), 'be', models),
    ];
  }
  const job = parts.at(-1);
  const form = system === 'ideal' ? '{Model}_{run}' : '{BE}_{HP}_{run}';
  if (parts.length !== (system === 'ideal' ? 3 : 4) || (job !== 'hp' && job !== 'be')) {
    throw misnamed(file, `${form}_{hp|be}.json`);
  }
  const models =
    system === 'ideal'
      ? { [job]: named(file, parts[0]) }
      : { be: named(file, parts[0]), hp: named(file, parts[1]) };
  return [
    {
      file,
      system,
      run: runOf(file, parts.at(-2)),
      job,
      models,
      ...orionResult(file, job),
    },
  ];
}

function orionResult(file: string, job: Job): Pick<JobResult, 'latency' | 'throughput'> {
  if (job === 'be') return { latency: {}, ...checked(file, { throughput: value }) };
  const { throughput, p50_latency, p95_latency, p99_latency } = checked(file, {
    throughput: value,
    p50_latency: value,
    p95_latency: value,
    p99_latency: value,
  });
  return { latency: { p50: p50_latency, p95: p95_latency, p99: p99_latency }, throughput };
}

function mpsJob(file: string, run: number, job: Job, models: JobResult['models']): JobResult {
  const id = job === 'hp' ? 0 : 1;
  const throughput = checked(file, { [`throughput-${id}`]: value })[`throughput-${id}`] ?? NaN;
  const keys = STATISTICS.map((statistic) => `${statistic}-latency-${id}`);
  const found =
    job === 'be' ? {} : checked(file, Object.fromEntries(keys.map((key) => [key, value])));
  const latency = Object.fromEntries(
    STATISTICS.flatMap((statistic) => {
      const ms = found[`${statistic}-latency-${id}`];
      return ms === undefined ? [] : [[statistic, ms]];
    }),
  );
  return { file, system: 'mps', run, job, models, latency, throughput };
}

/** The file's fields of these names; others are the artifact's business. */
function checked<T extends Record<string, z.ZodType>>(
  file: string,
  fields: T,
): z.infer<z.ZodObject<T>> {
  const result = z.object(fields).safeParse(readJson(file));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  const known = Object.keys(fields).join(', ');
  throw new UserError(
    field === ''
      ? `${file}: is not an object; expected one with ${known}`
      : `${file}: ${field}: ${issue?.message ?? ''}; expected a number above zero (${known})`,
  );
}

function named(file: string, name: string | undefined): string {
  if (name === undefined || name === '') throw misnamed(file, 'the names of the models');
  return name;
}

function runOf(file: string, text: string | undefined): number {
  if (text === undefined || !/^\d{1,6}$/.test(text)) throw misnamed(file, 'the number of the run');
  return Number(text);
}

function misnamed(file: string, expected: string): UserError {
  return new UserError(`${file}: the name does not fit; expected ${expected}`);
}

/** The axis value that the artifact's files call `name`: by label, by its name in tables, or by id. */
export function axisValue<
  T extends { id: string; label: string; table_label?: string | undefined },
>(file: string, name: string, values: readonly T[]): T {
  const found = values.find(({ id, label, table_label }) =>
    [id, label, table_label].some((known) => known?.toLowerCase() === name.toLowerCase()),
  );
  if (found !== undefined) return found;
  const known = values.map(({ label, table_label }) => table_label ?? label);
  throw new UserError(`${file}: ${unknownName('model', name, known)}`);
}
