/**
 * pack-measured: from the records of lane `cuda` to packages/<paper>/measured/<gpu>/<figure>/, the form in which
 * measurements are committed and from which lane `measured` draws.
 *
 *     npm run pack-measured -- orion fig7 --note 'seed 42, of a campaign in slices'
 *
 * Plans that are already packed and not measured again stay, so a campaign may be packed slice by slice. Packed
 * plans that the figure no longer has, or has changed, go.
 *
 * With --again they go into again/ of that folder, which is for the same plans on another machine.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { readCatalogue } from './lib/catalogue.ts';
import { digest } from './lib/digest.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import type { SystemEntry } from './lib/figure-schema.ts';
import { loadFigure } from './lib/figure.ts';
import { listFolder, readJson, toJson, writeAtomic } from './lib/files.ts';
import { laneFigure } from './lib/lane-figure.ts';
import { packProvenance, type PackNotes } from './lib/pack-provenance.ts';
import { readPack, removePack, sha256, writePack, type PackedPlan } from './lib/pack.ts';
import { againFolder, measuredFolder, NATIVE } from './lib/paths.ts';
import { plansOf, type Plan } from './lib/plans.ts';
import { parseRecords, parseSummary, rawPath, type Summary } from './lib/raw.ts';
import { UTILIZATION } from './lib/series-table.ts';

export interface PackArgs extends PackNotes {
  /** Folder of the figure definition. */
  figure: string;
  /** Folder with plans/ and raw/ of lane cuda. */
  from: string;
  /** The figure is measured already: these are of another machine, for comparison. */
  again?: boolean;
}

/** Packs what is measured; returns how many plans are packed now, of how many. */
export function packMeasured(args: PackArgs, native = NATIVE): { packed: number; of: number } {
  const figure = laneFigure(loadFigure(args.figure, readCatalogue(native)), {
    plans: 'cuda',
    quick: false,
  });
  const folder = (args.again === true ? againFolder : measuredFolder)(args.figure, figure.gpu);
  const known = figure.systems.map(({ id }) => id);
  for (const file of listFolder(join(folder, 'raw'))) {
    const entry = file.replace(/\.(json|(utilization\.)?csv\.gz)$/, '');
    if (!known.includes(entry)) removePack(folder, entry);
  }
  const packed: PackedPlan[] = [];
  let of = 0;
  for (const entry of figure.systems) {
    const before = readPack(folder, entry.id);
    const plans = plansOf(figure, entry);
    const now = plans.flatMap((plan) => {
      const kept = before?.get(plan.id);
      const same = kept !== undefined && digest(kept.plan) === digest(plan) ? [kept] : [];
      return newRecords(args, entry, plan) ?? same;
    });
    of += plans.length;
    packed.push(...now);
    if (now.length === 0) removePack(folder, entry.id);
    else writePack(folder, entry.id, now);
  }
  if (packed.length === 0) {
    throw new UserError(`${join(args.from, 'raw')}: no measurements of ${args.figure}`);
  }
  const path = join(folder, 'provenance.json');
  const earlier = existsSync(path) ? readJson(path) : null;
  const name = `${figure.paper}/${figure.id}`;
  writeAtomic(path, toJson(packProvenance(name, packed, of, args, earlier)));
  return { packed: packed.length, of };
}

/** The records of a plan in the output folder, checked; null if there are none. */
function newRecords(args: PackArgs, entry: SystemEntry, plan: Plan): [PackedPlan] | null {
  const path = rawPath(args.from, entry.id, plan.id);
  if (!existsSync(`${path}.json`)) return null;
  const run = join(args.from, 'plans', entry.id, `${plan.id}.json`);
  const asRun = readJson(run, 'the plan that was measured has to lie beside its records');
  if (digest(asRun) !== digest(plan)) {
    throw new UserError(`${run}: is not the plan that ${args.figure} makes today; measure again`);
  }
  const original = readJson(`${path}.json`);
  const summary = parseSummary(original, `${path}.json`, 'measure this plan again');
  if (summary.plan !== plan.id || summary.system !== entry.system) {
    throw new UserError(`${path}.json: is about plan ${summary.plan} under ${summary.system}`);
  }
  if ('unavailable' in summary) return [{ plan, summary, original, csv: Buffer.alloc(0) }];
  if (summary.lane !== 'cuda' || summary.machine === undefined) {
    throw new UserError(
      `${path}.json: lane is "${summary.lane}"; expected "cuda", with the machine that measured it`,
    );
  }
  const csv = readFileSync(`${path}.csv`);
  parseRecords(csv, `${path}.csv`, summary);
  const utilization = useOf(plan, `${path}.${UTILIZATION.file}`, summary);
  return [{ plan, summary, original, csv, ...(utilization === null ? {} : { utilization }) }];
}

/** What the GPU was used for, as its summary vouches for it; null for a plan that does not have it counted. */
function useOf(plan: Plan, path: string, summary: Summary): Buffer | null {
  if (plan.utilization_interval_ns === undefined) return null;
  const bytes = existsSync(path) ? readFileSync(path) : null;
  if (bytes === null || sha256(bytes) !== summary.utilization_sha256)
    throw new UserError(
      `${path}: ${bytes === null ? 'no such file' : 'is not the file of its summary'}; measure this plan again`,
    );
  return bytes;
}

function arguments_(argv: string[]): PackArgs {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      from: { type: 'string' },
      again: { type: 'boolean', default: false },
      note: { type: 'string', multiple: true, default: [] },
      command: { type: 'string', multiple: true, default: [] },
    },
  });
  const [paper, id] = positionals;
  if (paper === undefined || id === undefined || positionals.length > 2) {
    throw new UserError('expected a paper and a figure, such as: orion fig7', EXIT.usage);
  }
  return {
    figure: join('packages', paper, 'figures', id),
    from: values.from ?? join('out', paper, id, 'cuda'),
    again: values.again,
    notes: values.note,
    commands: values.command,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const args = arguments_(process.argv.slice(2));
    const { packed, of } = packMeasured(args);
    console.log(`pack-measured: ${String(packed)} of ${String(of)} plans of ${args.figure}`);
  });
}
