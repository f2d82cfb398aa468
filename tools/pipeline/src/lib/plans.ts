/**
 * From a figure to its plans: cells × seeds for every system entry. Pure, and in a fixed order.
 *
 * An entry that runs clients `alone` has one plan per axis value instead of one per cell; its values
 * then stand for every cell that contains the axis value.
 */

import type {
  AxisValue,
  ClientDefinition,
  FigureDefinition,
  SystemEntry,
} from './figure-schema.ts';

/** One run as the core reads it (packages/shared-native/schemas/plan.schema.json). */
export interface Plan {
  version: 1;
  id: string;
  gpu: string;
  seed: number;
  system: { name: string; params?: Record<string, number | boolean | string> };
  clients: PlanClient[];
  until: string;
  utilization_interval_ns?: number;
}

export interface PlanClient extends ClientDefinition {
  name: string;
}

/** A choice of one value per axis, by axis. */
export type Cell = Record<string, AxisValue>;

/** Every cell of the figure, the first axis varying slowest. */
export function cells(figure: FigureDefinition): Cell[] {
  return Object.entries(figure.axes).reduce<Cell[]>(
    (partial, [axis, values]) =>
      partial.flatMap((cell) => values.map((value) => ({ ...cell, [axis]: value }))),
    [{}],
  );
}

/** All plans of one system entry. */
export function plansOf(figure: FigureDefinition, entry: SystemEntry): Plan[] {
  return planCells(figure, entry).map(({ plan }) => plan);
}

/** All plans of one system entry, each with the axis values that it stands for. */
export function planCells(
  figure: FigureDefinition,
  entry: SystemEntry,
): { plan: Plan; cell: Record<string, string> }[] {
  const choices: Cell[] = entry.alone
    ? Object.entries(figure.axes).flatMap(([axis, values]) =>
        values.map((value) => ({ [axis]: value })),
      )
    : cells(figure);
  return choices.flatMap((choice) =>
    figure.seeds.map((seed) => ({
      plan: toPlan(figure, entry, choice, seed),
      cell: Object.fromEntries(Object.entries(choice).map(([axis, value]) => [axis, value.id])),
    })),
  );
}

/** Id of the plan whose records hold `client`'s requests in a cell. */
export function planIdFor(entry: SystemEntry, cell: Cell, client: string, seed: number): string {
  const value = cell[client];
  const choice = entry.alone === true && value !== undefined ? { [client]: value } : cell;
  return planId(entry, choice, seed);
}

function planId(entry: SystemEntry, choice: Cell, seed: number): string {
  const parts = Object.entries(choice).map(([axis, value]) =>
    entry.alone === true ? `${axis}-${value.id}` : value.id,
  );
  return `${parts.join('_')}_s${String(seed)}`;
}

function toPlan(figure: FigureDefinition, entry: SystemEntry, choice: Cell, seed: number): Plan {
  const params = Object.assign(
    {},
    entry.params,
    ...Object.values(choice).map((value) => value.params?.[entry.id]),
  ) as Record<string, number | boolean | string>;
  const clients = Object.entries(choice).map(([axis, value]) =>
    Object.assign({ name: axis }, value.client, entry.overrides?.[axis]),
  );
  return {
    version: 1,
    id: planId(entry, choice, seed),
    gpu: figure.gpu,
    seed,
    system:
      Object.keys(params).length === 0 ? { name: entry.system } : { name: entry.system, params },
    clients,
    until: figure.until in choice ? figure.until : (Object.keys(choice)[0] ?? figure.until),
    ...(figure.utilization_interval_ns === undefined
      ? {}
      : { utilization_interval_ns: figure.utilization_interval_ns }),
  };
}
