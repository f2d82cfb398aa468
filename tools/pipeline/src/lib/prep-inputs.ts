/** What prep depends on: the fields of figure.json that say what runs, and the plan schema. */

import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { PLAN_SCHEMA } from './paths.ts';

export function prepInputs(figure: FigureDefinition): Inputs {
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
  };
}
