/**
 * What prep depends on: the fields of figure.json that say what runs, the plan schema, and, where plans are simulated
 * beside measurements of them, what those runs say of their hosts.
 */

import type { StepArgs } from './args.ts';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { isTwin, laneFigure } from './lane-figure.ts';
import { packIndex } from './pack.ts';
import { measuredFolder, PLAN_SCHEMA } from './paths.ts';

export function prepInputs(figure: FigureDefinition, args: StepArgs): Inputs {
  const { version, id, gpu, systems, seeds, axes, until, quick, cuda } = figure;
  const { utilization_interval_ns, memory_interval_ns, phases } = figure;
  return {
    'systems, axes, seeds and GPU of figure.json': digest({
      version,
      id,
      gpu,
      systems,
      seeds,
      axes,
      until,
      quick,
      cuda,
      utilization_interval_ns,
      memory_interval_ns,
      phases,
    }),
    'plan schema': digestFile(PLAN_SCHEMA),
    ...(isTwin(args) ? measuredRuns(figure, args) : {}),
  };
}

function measuredRuns(whole: FigureDefinition, args: StepArgs): Inputs {
  const { systems, gpu } = laneFigure(whole, args);
  const folder = measuredFolder(args.figure, gpu);
  return { 'measured runs': digest(systems.map(({ id }) => digestFile(packIndex(folder, id)))) };
}
