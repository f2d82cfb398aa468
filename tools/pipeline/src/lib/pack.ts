/**
 * Packed measurements: all plans of one system entry as files that a repository can hold.
 *
 *   raw/<entry>.json    each plan beside its summary, and a digest of the records
 *   raw/<entry>.csv.gz  the records of all plans, with the plan in a column of its own
 *   raw/<entry>.utilization.csv.gz  likewise what the GPU was used for, if the plans have it counted
 *
 * Packing the same records gives the same bytes. A file that is truncated, or that does not belong to the
 * other, is refused.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { UserError } from './errors.ts';
import { readJson, toJson, writeAtomic } from './files.ts';
import { USES } from './metric-names.ts';
import type { Plan } from './plans.ts';
import { HEADER, parseSummary, type Summary, type Unavailable } from './raw.ts';
import { describeIssues } from './schema-issues.ts';
import { UTILIZATION } from './series-table.ts';

const USE_HEADER = `gpu,begin_ns,end_ns,${USES.join(',')}`;
const ADVICE = 'pack the measurements again, or restore the file from the repository';

export interface PackedPlan {
  plan: Plan;
  summary: Summary | Unavailable;
  /** The summary with every field that the core wrote. */
  original: unknown;
  /** The records file of the plan, with its header; empty where the plan is unavailable. */
  csv: Buffer;
  /** <plan id>.utilization.csv of a plan that has it counted. */
  utilization?: Buffer;
}

/** By plan id, in the order of the file. */
export type Pack = Map<string, PackedPlan>;

const tableSchema = z.strictObject({ rows: z.int().min(0), sha256: z.string() });

const packSchema = z.strictObject({
  version: z.literal(1),
  entry: z.string(),
  records: tableSchema,
  /** Absent where no plan has it. */
  utilization: tableSchema.optional(),
  plans: z.array(
    z.strictObject({ plan: z.looseObject({ id: z.string() }), summary: z.looseObject({}) }),
  ),
});

/** One of an entry's files. */
export function packFile(folder: string, entry: string, type: string): string {
  return join(folder, 'raw', `${entry}.${type}`);
}

/** The one with its plans and summaries. */
export function packIndex(folder: string, entry: string): string {
  return packFile(folder, entry, 'json');
}

/** Writes the files of an entry. */
export function writePack(
  folder: string,
  entry: string,
  plans: readonly Pick<PackedPlan, 'plan' | 'original' | 'csv' | 'utilization'>[],
): void {
  const path = (type: string): string => packFile(folder, entry, type);
  const records = joined(
    HEADER,
    plans.map(({ plan, csv }) => [plan.id, csv]),
  );
  const use = joined(
    USE_HEADER,
    plans.flatMap(({ plan, utilization }) =>
      utilization === undefined ? [] : [[plan.id, utilization]],
    ),
  );
  writeAtomic(path('csv.gz'), deterministicGzip(records.text));
  if (use.rows > 0) writeAtomic(path(`${UTILIZATION.file}.gz`), deterministicGzip(use.text));
  else rmSync(path(`${UTILIZATION.file}.gz`), { force: true });
  const described = ({ rows, text }: Joined): unknown => ({ rows, sha256: sha256(text) });
  writeAtomic(
    path('json'),
    toJson({
      version: 1,
      entry,
      records: described(records),
      ...(use.rows > 0 ? { utilization: described(use) } : {}),
      plans: plans.map(({ plan, original }) => ({ plan, summary: original })),
    }),
  );
}

interface Joined {
  rows: number;
  text: Buffer;
}

/** One file of the plans' files: their headers go, and an unavailable plan has none; the plan becomes the first column. */
function joined(header: string, files: readonly [string, Buffer][]): Joined {
  const rows = files.flatMap(([plan, csv]) =>
    lines(csv)
      .slice(1)
      .map((row) => `${plan},${row}`),
  );
  const text = Buffer.from([`plan,${header}`, ...rows].map((row) => `${row}\n`).join(''));
  return { rows: rows.length, text };
}

export function removePack(folder: string, entry: string): void {
  for (const type of ['json', 'csv.gz', `${UTILIZATION.file}.gz`])
    rmSync(packFile(folder, entry, type), { force: true });
}

/** What an entry's index says of a plan. */
export type IndexedPlan = Pick<PackedPlan, 'plan' | 'summary' | 'original'>;

/** The plans of an entry without their records; none if it has no pack. Throws UserError. */
export function readPackIndex(folder: string, entry: string): IndexedPlan[] {
  const index = packIndex(folder, entry);
  return existsSync(index) ? parsedIndex(index, entry, ADVICE).plans : [];
}

function parsedIndex(
  index: string,
  entry: string,
  advice: string,
): Omit<z.infer<typeof packSchema>, 'plans'> & { plans: IndexedPlan[] } {
  const input = readJson(index, advice);
  const parsed = packSchema.safeParse(input);
  if (!parsed.success) {
    const problem = describeIssues(parsed.error.issues, input, {})[0] ?? 'not a packed index';
    throw new UserError(`${index}: ${problem}; ${ADVICE}`);
  }
  if (parsed.data.entry !== entry) {
    throw new UserError(`${index}: is of entry "${parsed.data.entry}"; expected "${entry}"`);
  }
  const plans = parsed.data.plans.map(({ plan, summary }) => ({
    plan: plan as unknown as Plan,
    summary: parseSummary(summary, `${index}: plan ${plan.id}`, ADVICE),
    original: summary,
  }));
  return { ...parsed.data, plans };
}

/** Reads the files of an entry; null if there are none. Throws UserError for what is not whole. */
export function readPack(folder: string, entry: string): Pack | null {
  const index = packIndex(folder, entry);
  const records = packFile(folder, entry, 'csv.gz');
  if (!existsSync(index) && !existsSync(records)) return null;
  const data = parsedIndex(index, entry, `${records} needs it; ${ADVICE}`);
  const rows = taken(records, HEADER, data.records.sha256, index);
  const use = data.utilization;
  const uses =
    use === undefined
      ? new Map<string, string[]>()
      : taken(packFile(folder, entry, `${UTILIZATION.file}.gz`), USE_HEADER, use.sha256, index);
  const file = (header: string, own: readonly string[] = []): Buffer =>
    Buffer.from(`${header}\n${own.join('')}`);
  return new Map(
    data.plans.map((indexed): [string, PackedPlan] => {
      const { id } = indexed.plan;
      return [
        id,
        {
          ...indexed,
          csv: file(HEADER, rows.get(id)),
          ...(uses.has(id) ? { utilization: file(USE_HEADER, uses.get(id)) } : {}),
        },
      ];
    }),
  );
}

function decompress(path: string): Buffer {
  if (!existsSync(path)) throw new UserError(`${path}: no such file; ${ADVICE}`);
  try {
    return gunzipSync(readFileSync(path));
  } catch (error) {
    const { message } = error as Error;
    throw new UserError(`${path}: cannot be decompressed (${message}); ${ADVICE}`);
  }
}

/** Rows of a packed file without the plan column, by plan. `sha256` is what `index` says of it. */
function taken(path: string, header: string, digest: string, index: string): Map<string, string[]> {
  const text = decompress(path);
  if (sha256(text) !== digest) {
    throw new UserError(`${path}: is not the file that ${index} describes; ${ADVICE}`);
  }
  const [first, ...rows] = lines(text);
  if (first !== `plan,${header}`) {
    throw new UserError(`${path}: the header is "${first ?? ''}"; expected "plan,${header}"`);
  }
  const byPlan = new Map<string, string[]>();
  for (const row of rows) {
    const comma = row.indexOf(',');
    const plan = row.slice(0, comma);
    const own = byPlan.get(plan);
    const rest = `${row.slice(comma + 1)}\n`;
    if (own === undefined) byPlan.set(plan, [rest]);
    else own.push(rest);
  }
  return byPlan;
}

function lines(text: Buffer): string[] {
  return text.toString('utf8').split('\n').slice(0, -1);
}

/** gzip without a time (zlib writes none) and with the operating system marked unknown. */
function deterministicGzip(text: Buffer): Buffer {
  const bytes = gzipSync(text, { level: 9 });
  bytes[9] = 255;
  return bytes;
}

/** Hexadecimal digest. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
