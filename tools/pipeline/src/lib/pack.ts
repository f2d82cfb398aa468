/**
 * Packed measurements: all plans of one system entry as two files that a repository can hold.
 *
 *   raw/<entry>.json    each plan beside its summary, and a digest of the records
 *   raw/<entry>.csv.gz  the records of all plans, with the plan in a column of its own
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
import type { Plan } from './plans.ts';
import { HEADER, parseSummary, type Summary, type Unavailable } from './raw.ts';
import { describeIssues } from './schema-issues.ts';

const PACKED_HEADER = `plan,${HEADER}`;
const ADVICE = 'pack the measurements again, or restore the file from the repository';

export interface PackedPlan {
  plan: Plan;
  summary: Summary | Unavailable;
  /** The summary with every field that the core wrote. */
  original: unknown;
  /** The records file of the plan, with its header; empty where the plan is unavailable. */
  csv: Buffer;
}

/** By plan id, in the order of the file. */
export type Pack = Map<string, PackedPlan>;

const packSchema = z.strictObject({
  version: z.literal(1),
  entry: z.string(),
  records: z.strictObject({ rows: z.int().min(0), sha256: z.string() }),
  plans: z.array(
    z.strictObject({ plan: z.looseObject({ id: z.string() }), summary: z.looseObject({}) }),
  ),
});

/** Writes the two files of an entry. */
export function writePack(
  folder: string,
  entry: string,
  plans: readonly Pick<PackedPlan, 'plan' | 'original' | 'csv'>[],
): void {
  // The header of each plan's records goes; an unavailable plan has none.
  const rows = plans.flatMap(({ plan, csv }) =>
    lines(csv)
      .slice(1)
      .map((row) => `${plan.id},${row}`),
  );
  const text = Buffer.from([PACKED_HEADER, ...rows].map((row) => `${row}\n`).join(''));
  writeAtomic(join(folder, 'raw', `${entry}.csv.gz`), deterministicGzip(text));
  writeAtomic(
    join(folder, 'raw', `${entry}.json`),
    toJson({
      version: 1,
      entry,
      records: { rows: rows.length, sha256: sha256(text) },
      plans: plans.map(({ plan, original }) => ({ plan, summary: original })),
    }),
  );
}

export function removePack(folder: string, entry: string): void {
  for (const type of ['json', 'csv.gz'])
    rmSync(join(folder, 'raw', `${entry}.${type}`), { force: true });
}

/** Reads the two files of an entry; null if there are none. Throws UserError for what is not whole. */
export function readPack(folder: string, entry: string): Pack | null {
  const index = join(folder, 'raw', `${entry}.json`);
  const records = join(folder, 'raw', `${entry}.csv.gz`);
  if (!existsSync(index) && !existsSync(records)) return null;
  const input = readJson(index, `${records} needs it; ${ADVICE}`);
  const parsed = packSchema.safeParse(input);
  if (!parsed.success) {
    const problem = describeIssues(parsed.error.issues, input, {})[0] ?? 'not a packed index';
    throw new UserError(`${index}: ${problem}; ${ADVICE}`);
  }
  if (parsed.data.entry !== entry) {
    throw new UserError(`${index}: is of entry "${parsed.data.entry}"; expected "${entry}"`);
  }
  const text = decompress(records);
  if (sha256(text) !== parsed.data.records.sha256) {
    throw new UserError(`${records}: is not the file that ${index} describes; ${ADVICE}`);
  }
  const rows = split(text, records);
  return new Map(
    parsed.data.plans.map(({ plan, summary }): [string, PackedPlan] => [
      plan.id,
      {
        plan: plan as unknown as Plan,
        summary: parseSummary(summary, `${index}: plan ${plan.id}`, ADVICE),
        original: summary,
        csv: Buffer.from(`${HEADER}\n${(rows.get(plan.id) ?? []).join('')}`),
      },
    ]),
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

/** Rows without the plan column, by plan. */
function split(text: Buffer, path: string): Map<string, string[]> {
  const [header, ...rows] = lines(text);
  if (header !== PACKED_HEADER) {
    throw new UserError(`${path}: the header is "${header ?? ''}"; expected "${PACKED_HEADER}"`);
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

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
