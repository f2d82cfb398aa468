/**
 * Where gather finds a plan's records: in the output folder, where the run step left them, or in the packed
 * measurements of the repository.
 *
 * A simulated plan that has no records is a mistake. A measured one may have none, because time on a GPU is
 * short or the machine cannot run its system; the reason then goes with the results.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from './errors.ts';
import type { SystemEntry } from './figure-schema.ts';
import { NOT_APPLICABLE } from './missing.ts';
import { readPack, type Pack } from './pack.ts';
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

export type RecordSource = (entry: SystemEntry, plan: Plan) => PlanRecords | NoRecords;

/** Records below `<out>/raw`; with `partial`, plans may be without. */
export function rawRecords(out: string, partial: boolean): RecordSource {
  return (entry, { id }) => {
    const path = rawPath(out, entry.id, id);
    if (partial && !existsSync(`${path}.json`)) return { missing: NOT_MEASURED };
    const summary = readSummary(`${path}.json`);
    expectPlan(summary, entry, id, `${path}.json`, `run ${entry.id} again`);
    if ('unavailable' in summary) return unavailable(summary);
    return { summary, clients: readRecords(`${path}.csv`, summary) };
  };
}

/** Packed records in `folder`, packages/<paper>/measured/<gpu>/<figure>. Each entry's file is read once. */
export function packedRecords(folder: string): RecordSource {
  if (!existsSync(folder)) {
    throw new UserError(`${folder}: no such folder; nothing of this figure is measured yet`);
  }
  const packs = new Map<string, Pack | null>();
  return (entry, plan) => {
    let pack = packs.get(entry.id);
    if (pack === undefined) {
      pack = readPack(folder, entry.id);
      packs.set(entry.id, pack);
    }
    const packed = pack?.get(plan.id);
    if (packed === undefined) return { missing: NOT_MEASURED };
    const where = join(folder, 'raw', `${entry.id}.json`);
    expectPlan(packed.summary, entry, plan.id, where, 'pack the measurements again');
    // Records of another plan than today's would answer another question.
    if (digest(packed.plan) !== digest(plan))
      return { missing: `${NOT_MEASURED} since the figure changed` };
    if ('unavailable' in packed.summary) return unavailable(packed.summary);
    const name = `${join(folder, 'raw', `${entry.id}.csv.gz`)}, plan ${plan.id}`;
    return { summary: packed.summary, clients: parseRecords(packed.csv, name, packed.summary) };
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
