/** What plot depends on: the results, a plot's specification, and the figure's titles and labels. */

import { join } from 'node:path';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { labelsOf } from './labels.ts';

export function plotInputs(figure: FigureDefinition, folder: string, out: string): Inputs {
  return {
    'results.csv': digestFile(join(out, 'results.csv')),
    'missing.csv': digestFile(join(out, 'missing.csv')),
    ...(figure.utilization_interval_ns === undefined
      ? {}
      : { 'utilization.csv': digestFile(join(out, 'utilization.csv')) }),
    ...(figure.memory_interval_ns === undefined
      ? {}
      : { 'memory.csv': digestFile(join(out, 'memory.csv')) }),
    ...(figure.phases === true ? { 'phases.csv': digestFile(join(out, 'phases.csv')) } : {}),
    'titles and labels of figure.json': digest([labelsOf(figure), figure.plots]),
    ...Object.fromEntries(figure.plots.map((plot) => [plot, digestFile(join(folder, plot))])),
  };
}
