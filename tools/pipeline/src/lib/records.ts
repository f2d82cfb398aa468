/**
 * Where gather finds a plan's records: in the output folder, where the run step left them, or in the packed
 * measurements of the repository.
 *
 * A simulated plan that has no records is a mistake. A measured one may have none, because time on a GPU is
 * short or the machine cannot run its system; the reason then goes with the results.
 */

import { existsSync } from 'node:fs';
import { parseCsv, readCsv } from './csv.ts';
import { UserError } from './errors.ts';
import type { SystemEntry } from './figure-schema.ts';
import { NOT_APPLICABLE } from './missing.ts';
import { packFile, packIndex, readPack, type Pack, type PackedPlan } from './pack.ts';
import type { Plan } from './plans.ts';
import {
  parseRecords,
  rawPath,
  readRecords,
  readSummary,
  type ClientRecords,
  type Summary,
  type Unavailable,
} from './raw.ts';
import { UTILIZATION } from './series-table.ts';
import { digest } from './digest.ts';

/** Why a measured plan has no records. */
export const NOT_MEASURED = 'not measured';

export interface PlanRecords {
  summary: Summary;
  clients: Map<string, ClientRecords>;
}

export interface NoRecords {
  missing: string;
}

/** A table of the core's beside a plan's records. */
export interface PlanTable {
  /** For messages. */
  path: string;
  rows: Record<string, string>[];
}

export interface RecordSource {
  records: (entry: SystemEntry, plan: Plan) => PlanRecords | NoRecords;
  /** `<plan id>.<file>`; without rows where the plan has no records. */
  table: (entry: SystemEntry, plan: Plan, file: string) => PlanTable;
}

/** Records below `<out>/raw`; with `partial`, plans may be without. */
export function rawRecords(out: string, partial: boolean): RecordSource {
  const summaryOf = (entry: SystemEntry, { id }: Plan): Summary | NoRecords => {
    const path = rawPath(out, entry.id, id);
    if (partial && !existsSync(`${path}.json`)) return { missing: NOT_MEASURED };
    const summary = readSummary(`${path}.json`);
    expectPlan(summary, entry, id, `${path}.json`, `run ${entry.id} again`);
    return 'unavailable' in summary ? unavailable(summary) : summary;
  };
  return {
    records: (entry, plan) => {
      const summary = summaryOf(entry, plan);
      if ('missing' in summary) return summary;
      const path = `${rawPath(out, entry.id, plan.id)}.csv`;
      return { summary, clients: readRecords(path, summary) };
    },
    table: (entry, plan, file) => {
      const path = `${rawPath(out, entry.id, plan.id)}.${file}`;
      // A plan may be without where its system refused it, or where not all is measured.
      const without = (partial || !existsSync(path)) && 'missing' in summaryOf(entry, plan);
      return { path, rows: without ? [] : readCsv(path, `run ${entry.id} again`) };
    },
  };
}

/** Packed records in `folder`, packages/<paper>/measured/<gpu>/<figure>. Each entry's files are read once. */
export function packedRecords(folder: string): RecordSource {
  if (!existsSync(folder)) {
    throw new UserError(`${folder}: no such folder; nothing of this figure is measured yet`);
  }
  const packs = new Map<string, Pack | null>();
  const find = (
    entry: SystemEntry,
    plan: Plan,
  ): (PackedPlan & { summary: Summary }) | NoRecords => {
    let pack = packs.get(entry.id);
    if (pack === undefined) {
      pack = readPack(folder, entry.id);
      packs.set(entry.id, pack);
    }
    const packed = pack?.get(plan.id);
    if (packed === undefined) return { missing: NOT_MEASURED };
    const { summary } = packed;
    const where = packIndex(folder, entry.id);
    expectPlan(summary, entry, plan.id, where, 'pack the measurements again');
    // Records of another plan than today's would answer another question.
    if (digest(packed.plan) !== digest(plan))
      return { missing: `${NOT_MEASURED} since the figure changed` };
    return 'unavailable' in summary ? unavailable(summary) : { ...packed, summary };
  };
  return {
    records: (entry, plan) => {
      const packed = find(entry, plan);
      if ('missing' in packed) return packed;
      const name = `${packFile(folder, entry.id, 'csv.gz')}, plan ${plan.id}`;
      return { summary: packed.summary, clients: parseRecords(packed.csv, name, packed.summary) };
    },
    table: (entry, plan, file) => {
      const path = `${packFile(folder, entry.id, `${file}.gz`)}, plan ${plan.id}`;
      const packed = find(entry, plan);
      if ('missing' in packed) return { path, rows: [] };
      const text = file === UTILIZATION.file ? packed.utilization : undefined;
      if (text === undefined) throw new UserError(`${path}: is not packed; measure and pack again`);
      return { path, rows: parseCsv(text.toString('utf8'), path) };
    },
  };
}

function unavailable(summary: Unavailable): NoRecords {
  const kind = summary.refused === true ? NOT_APPLICABLE : 'unavailable';
  return { missing: `${kind}: ${summary.unavailable}` };
}

function expectPlan(
  summary: Summary | Unavailable,
  entry: SystemEntry,
  plan: string,
  where: string,
  advice: string,
): void {
  if (summary.plan === plan && summary.system === entry.system) return;
  throw new UserError(
    `${where}: is about plan ${summary.plan} under ${summary.system}; ` +
      `expected ${plan} under ${entry.system}: ${advice}`,
  );
}
