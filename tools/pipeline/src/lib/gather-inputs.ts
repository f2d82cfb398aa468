/** What gather depends on: the records of every system, and the figure's fields that it reads. */

import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { plansOf } from './plans.ts';
import { rawPath } from './raw.ts';

export function gatherInputs(figure: FigureDefinition, out: string): Inputs {
  const { id, paper, baseline, metrics, means, tables, seeds } = figure;
  return {
    ...Object.fromEntries(
      figure.systems.map((entry) => [
        `records of ${entry.id}`,
        // The summary is written last and holds the digest of all that its run read.
        digest(
          plansOf(figure, entry).map((plan) =>
            digestFile(`${rawPath(out, entry.id, plan.id)}.json`),
          ),
        ),
      ]),
    ),
    'metrics, means and tables of figure.json': digest({
      id,
      paper,
      baseline,
      metrics,
      means,
      tables,
      seeds,
    }),
  };
}
