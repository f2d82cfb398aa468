/**
 * prep: from figure.json to plans/<system>/<plan id>.json.
 *
 * Reads version, id, gpu, systems, seeds, axes, until, quick and cuda of the figure; titles, metrics, plots and
 * claims do not change a plan. The same figure gives the same bytes. Plans for a real GPU that are to be simulated take
 * what ops cost the hosts from their measurements.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { readCatalogue } from './lib/catalogue.ts';
import { codeInputs } from './lib/digest.ts';
import { main, UserError } from './lib/errors.ts';
import type { SystemEntry } from './lib/figure-schema.ts';
import { loadFigure } from './lib/figure.ts';
import { listFolder, toJson, writeAtomic } from './lib/files.ts';
import { isTwin, laneFigure } from './lib/lane-figure.ts';
import { onMeasuredHosts } from './lib/measured-hosts.ts';
import { measuredFolder, NATIVE, PLAN_SCHEMA } from './lib/paths.ts';
import { planChecker } from './lib/plan-check.ts';
import { plansOf } from './lib/plans.ts';
import { prepInputs } from './lib/prep-inputs.ts';
import { startRecord } from './lib/provenance.ts';
import { unknownName } from './lib/suggest.ts';

/** Writes the plans of one system entry or of all; returns how many. `native` is the core's package folder. */
export function prep(args: StepArgs, native = NATIVE): number {
  const finish = startRecord(args.out, 'prep');
  const whole = loadFigure(args.figure, readCatalogue(native));
  const figure = laneFigure(whole, args);
  const check = planChecker(PLAN_SCHEMA);
  const entries = figure.systems.filter(
    (entry) => args.system === undefined || entry.id === args.system,
  );
  if (entries.length === 0) {
    const known = figure.systems.map((entry) => entry.id);
    throw new UserError(`--system: ${unknownName('system entry', args.system ?? '', known)}`);
  }
  const root = join(args.out, 'plans');
  if (args.system === undefined)
    dropOthers(
      root,
      figure.systems.map((entry) => entry.id),
    );
  let written = 0;
  for (const entry of entries) written += prepEntry(entry);
  finish({ ...prepInputs(whole, args), ...codeInputs(fileURLToPath(import.meta.url)) });
  return written;

  function prepEntry(entry: SystemEntry): number {
    const folder = join(root, entry.id);
    const own = plansOf(figure, entry);
    const plans = isTwin(args)
      ? onMeasuredHosts(measuredFolder(args.figure, figure.gpu), entry.id, own)
      : own;
    for (const plan of plans) {
      check(plan, `${join(args.figure, 'figure.json')}: system ${entry.id}, plan ${plan.id}`);
    }
    for (const plan of plans) writeAtomic(join(folder, `${plan.id}.json`), toJson(plan));
    dropOthers(
      folder,
      plans.map((plan) => `${plan.id}.json`),
    );
    return plans.length;
  }
}

/** Removes what an earlier version of the figure left in a folder. */
function dropOthers(folder: string, keep: readonly string[]): void {
  for (const name of listFolder(folder)) {
    if (!keep.includes(name)) rmSync(join(folder, name), { recursive: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const args = stepArgs(parse(process.argv.slice(2)));
    console.log(`prep: ${String(prep(args))} plans in ${join(args.out, 'plans')}`);
  });
}
