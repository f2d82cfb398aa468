/** What gather depends on: the records of every system, and the figure's fields that it reads. */

import { join } from 'node:path';
import type { StepArgs } from './args.ts';
import { digest, digestFile, type Inputs } from './digest.ts';
import { labelsOf } from './labels.ts';
import type { FigureDefinition, SystemEntry } from './figure-schema.ts';
import { measuredFolder } from './paths.ts';
import { plansOf } from './plans.ts';
import { rawPath } from './raw.ts';

/** `figure` is the lane's: with its systems, seeds and axes. */
export function gatherInputs(figure: FigureDefinition, args: StepArgs): Inputs {
  const { id, paper, baseline, metrics, means, tables, winners, seeds } = figure;
  return {
    ...Object.fromEntries(
      figure.systems.map((entry) => [`records of ${entry.id}`, records(figure, entry, args)]),
    ),
    'metrics, means and tables of figure.json': digest({
      id,
      paper,
      baseline,
      metrics,
      means,
      tables,
      winners,
      ...(winners === undefined ? {} : { labels: labelsOf(figure) }),
      seeds,
    }),
  };
}

function records(figure: FigureDefinition, entry: SystemEntry, args: StepArgs): string {
  if (args.lane === 'measured') {
    const raw = join(measuredFolder(args.figure, figure.gpu), 'raw');
    return digest([
      plansOf(figure, entry),
      ...['json', 'csv.gz'].map((type) => digestFile(join(raw, `${entry.id}.${type}`))),
    ]);
  }
  // The summary is written last and holds the digest of all that its run read.
  return digest(
    plansOf(figure, entry).map((plan) =>
      digestFile(`${rawPath(args.out, entry.id, plan.id)}.json`),
    ),
  );
}
