/**
 * From a figure to its plans: cells × seeds for every system entry. Pure, and in a fixed order.
 *
 * An entry that runs clients `alone` has one plan per axis value instead of one per cell; its values
 * then stand for every cell that contains the axis value. Of a value with `copies` it runs one.
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
  system: { name: string; params?: Record<string, number | boolean | string>; carveout?: number };
  clients: PlanClient[];
  until: string;
  utilization_interval_ns?: number;
  memory_interval_ns?: number;
  phases?: true;
}

export interface PlanClient extends ClientDefinition {
  name: string;
  host?: HostCosts;
}

/** What one op costs the thread that launches it, ns; absent: what the GPU's specification says. */
export interface HostCosts {
  launch_ns?: number;
  /** To have its completion marked. */
  mark_ns?: number;
  /** To find the mark passed. */
  query_ns?: number;
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

/** The cells that a system entry is run in. */
export function cellsOf(figure: FigureDefinition, entry: SystemEntry): Cell[] {
  return cells(figure).filter((cell) => runs(entry, cell));
}

/** Whether an entry is run with these axis values. */
function runs({ only }: SystemEntry, choice: Cell): boolean {
  return Object.entries(choice).every(([axis, { id }]) => only?.[axis]?.includes(id) ?? true);
}

/** Whether an entry runs the clients of this group, or of this axis. */
function runsGroup({ groups }: SystemEntry, group: string): boolean {
  return groups?.includes(group) ?? true;
}

/** A cell by the ids of its values. */
export function idsOf(cell: Cell): Record<string, string> {
  return Object.fromEntries(Object.entries(cell).map(([axis, value]) => [axis, value.id]));
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
  return choices
    .filter((choice) => runs(entry, choice))
    .flatMap((choice) =>
      figure.seeds.map((seed) => ({
        plan: toPlan(figure, entry, choice, seed),
        cell: idsOf(choice),
      })),
    );
}

/** What one run task runs: all plans of a system entry, or those of one value of the axis `run_by`. */
export interface RunUnit {
  entry: SystemEntry;
  /** Name of its provenance record. */
  name: string;
  plans: Plan[];
}

export function runUnits(figure: FigureDefinition): RunUnit[] {
  const { run_by: axis } = figure;
  return figure.systems.flatMap((entry) => {
    const all = planCells(figure, entry);
    if (axis === undefined) return [{ entry, name: entry.id, plans: all.map(({ plan }) => plan) }];
    return [...new Set(all.map(({ cell }) => cell[axis] ?? ''))].map((value) => ({
      entry,
      name: unitName(entry.id, value),
      plans: all.filter(({ cell }) => cell[axis] === value).map(({ plan }) => plan),
    }));
  });
}

/** Ids hold no underscore: no two units share a name. */
export function unitName(entry: string, value: string | undefined): string {
  return value === undefined ? entry : `${entry}_${value}`;
}

/** Id of the plan whose records hold `client`'s requests in a cell. */
export function planIdFor(entry: SystemEntry, cell: Cell, client: string, seed: number): string {
  const value = cell[client];
  const choice = entry.alone === true && value !== undefined ? { [client]: value } : cell;
  return planId(entry, choice, seed);
}

/** Names in a plan of the clients of an axis: `be`, `be-2`, `be-3`. */
export function copyName(axis: string, copy: number): string {
  return copy === 0 ? axis : `${axis}-${String(copy + 1)}`;
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
  const clients = Object.entries(choice).flatMap(([axis, value]) =>
    clientsOf(axis, value, entry)
      .filter(({ group }) => runsGroup(entry, group))
      .map(({ group, name, client }) => Object.assign({ name }, client, entry.overrides?.[group])),
  );
  return {
    version: 1,
    id: planId(entry, choice, seed),
    gpu: figure.gpu,
    seed,
    system: {
      name: entry.system,
      ...(Object.keys(params).length === 0 ? {} : { params }),
      ...(entry.carveout === undefined ? {} : { carveout: entry.carveout }),
    },
    clients,
    until: untilOf(figure, entry, choice),
    ...(figure.utilization_interval_ns === undefined
      ? {}
      : { utilization_interval_ns: figure.utilization_interval_ns }),
    ...(figure.memory_interval_ns === undefined
      ? {}
      : { memory_interval_ns: figure.memory_interval_ns }),
    ...(figure.phases === true ? { phases: true } : {}),
  };
}

/** The clients of an axis value, each with the name that metrics know it by. */
function clientsOf(
  axis: string,
  value: AxisValue,
  entry: SystemEntry,
): { group: string; name: string; client: ClientDefinition }[] {
  const { client, clients = {} } = value;
  const copies = entry.alone === true ? 1 : (value.copies ?? 1);
  const same =
    client === undefined
      ? []
      : Array.from({ length: copies }, (_, copy) => ({
          ...{ group: axis, name: copyName(axis, copy), client },
        }));
  const groups = Object.entries(clients).flatMap(([group, members]) =>
    members.map((member, i) => ({ group, name: memberName(group, i), client: member })),
  );
  return [...same, ...groups];
}

/**
 * The clients of a cell, each by the name under which its throughput counts: an axis for its client and all copies of
 * it, a member of a group for itself.
 */
export function clientNames(entry: SystemEntry, cell: Cell): string[] {
  return Object.entries(cell).flatMap(([axis, { client, clients = {} }]) => [
    ...(client === undefined || !runsGroup(entry, axis) ? [] : [axis]),
    ...Object.entries(clients)
      .filter(([group]) => runsGroup(entry, group))
      .flatMap(([group, members]) => members.map((_, i) => memberName(group, i))),
  ]);
}

function memberName(group: string, index: number): string {
  return `${group}-${String(index + 1)}`;
}

function untilOf(figure: FigureDefinition, entry: SystemEntry, choice: Cell): string {
  const known = Object.entries(choice).flatMap(([axis, value]) => clientsOf(axis, value, entry));
  const named = known.find(({ group }) => group === figure.until) ?? known[0];
  return named?.name ?? figure.until;
}

/** In metrics: all clients of a run together, in figures with groups. */
export const ALL = 'all';

/** What metrics can be about: axes with a client, groups, and all together if there are groups. */
export function metricClients(figure: Pick<FigureDefinition, 'axes'>): string[] {
  const values = Object.entries(figure.axes).flatMap(([axis, list]) =>
    list.map((value) => ({ axis, value })),
  );
  const single = values.filter(({ value }) => value.client !== undefined).map(({ axis }) => axis);
  const groups = values.flatMap(({ value }) => Object.keys(value.clients ?? {}));
  return [...new Set([...single, ...groups, ...(groups.length > 0 ? [ALL] : [])])];
}

/** Names of the plan's clients that a metric's client stands for. */
export function membersOf(plan: Pick<Plan, 'clients'>, client: string): string[] {
  const names = plan.clients.map(({ name }) => name);
  if (client === ALL && !names.includes(ALL)) return names;
  return names.filter(
    (name) =>
      name === client ||
      (name.startsWith(`${client}-`) && /^\d+$/.test(name.slice(client.length + 1))),
  );
}
