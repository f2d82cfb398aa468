/** What of a figure is shown beside its numbers, in plots and tables. */

import type { FigureDefinition } from './figure-schema.ts';

export function labelsOf(figure: FigureDefinition): unknown {
  return {
    title: figure.title,
    systems: figure.systems.map(({ id, label, system }) => ({ id, label, system })),
    axes: Object.entries(figure.axes).map(([axis, values]) => [
      axis,
      values.map(({ id, label }) => ({ id, label })),
    ]),
  };
}
