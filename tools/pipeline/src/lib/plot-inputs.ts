/** What plot depends on: the results, the figure's series, a plot's specification, and the figure's titles and labels. */

import { join } from 'node:path';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { labelsOf } from './labels.ts';
import { SERIES } from './series-table.ts';

export function plotInputs(figure: FigureDefinition, folder: string, out: string): Inputs {
  return {
    'results.csv': digestFile(join(out, 'results.csv')),
    'missing.csv': digestFile(join(out, 'missing.csv')),
    ...Object.fromEntries(
      SERIES.filter(({ asked }) => asked(figure)).map(({ file }) => [
        file,
        digestFile(join(out, file)),
      ]),
    ),
    'titles and labels of figure.json': digest([labelsOf(figure), figure.plots]),
    ...Object.fromEntries(figure.plots.map((plot) => [plot, digestFile(join(folder, plot))])),
  };
}
