/**
 * The figure as a lane runs it: on the simulated GPU as it is written, on a real GPU with what its `cuda` says
 * instead, and either of them reduced to its `quick` form.
 */

import type { Lane, PlanSet } from './args.ts';
import type { AxisValue, CudaLane, FigureDefinition, SystemEntry } from './figure-schema.ts';

/** In `cuda.axes`: every value of the axis. */
export const EVERY = '*';

/** The figure whose plans, labels and cells a step works on. */
export function laneFigure(
  figure: FigureDefinition,
  { plans, quick }: { plans: PlanSet; quick: boolean },
): FigureDefinition {
  const chosen = plans === 'cuda' ? cudaFigure(figure) : figure;
  return quick ? quickFigure(chosen) : chosen;
}

/** Whether plans for a real GPU are simulated: what measurements of them are compared with. */
export function isTwin({ lane, plans }: { lane: Lane; plans: PlanSet }): boolean {
  return lane === 'sim' && plans === 'cuda';
}

/** Name of the output folder, as the task graph has it (tools/figures/src/lanes.mjs). */
export function laneFolder(
  { lane, plans, quick }: { lane: Lane; plans: PlanSet; quick: boolean },
  gpu: string,
): string {
  const name = isTwin({ lane, plans }) ? `sim-${gpu}` : lane;
  return quick ? `${name}-quick` : name;
}

/** The figure with what `cuda` replaces. */
export function cudaFigure(figure: FigureDefinition): FigureDefinition {
  const { cuda, ...own } = figure;
  if (cuda === undefined) return figure;
  const systems = cuda.systems?.flatMap((entry) => resolve(figure, entry)) ?? own.systems;
  const known = systems.map(({ id }) => id);
  return {
    ...own,
    gpu: cuda.gpu ?? own.gpu,
    systems,
    seeds: cuda.seeds ?? own.seeds,
    ...(cuda.quick === undefined ? {} : { quick: cuda.quick }),
    ...(cuda.utilization_interval_ns === undefined
      ? {}
      : { utilization_interval_ns: cuda.utilization_interval_ns }),
    axes: Object.fromEntries(
      Object.entries(own.axes).map(([axis, values]) => [
        axis,
        values.map((value) => overridden(value, cuda.axes?.[axis], known)),
      ]),
    ),
  };
}

function resolve(figure: FigureDefinition, entry: string | SystemEntry): SystemEntry[] {
  if (typeof entry !== 'string') return [entry];
  return figure.systems.filter(({ id }) => id === entry);
}

function overridden(
  value: AxisValue,
  overrides: NonNullable<CudaLane['axes']>[string] | undefined,
  entries: readonly string[],
): AxisValue {
  const result = [overrides?.[EVERY], overrides?.[value.id]].reduce<AxisValue>(
    (before, change) => ({
      ...before,
      ...(before.client === undefined
        ? {}
        : { client: Object.assign({}, before.client, change?.client) }),
      params: change?.params ?? before.params,
    }),
    value,
  );
  // Parameters of entries that only the figure's own list has.
  const params = Object.fromEntries(
    Object.entries(result.params ?? {}).filter(([id]) => entries.includes(id)),
  );
  return { ...result, params };
}

/** The reduced form: `quick` exchanges seeds and request numbers and leaves out systems, nothing else. */
export function quickFigure(figure: FigureDefinition): FigureDefinition {
  if (figure.quick === undefined) return figure;
  const limits = figure.quick.requests ?? {};
  const shorten = <T extends { requests?: number | undefined }>(axis: string, fields: T): T => {
    const limit = limits[axis];
    if (limit === undefined || fields.requests === undefined) return fields;
    return { ...fields, requests: Math.min(limit, fields.requests) };
  };
  return {
    ...figure,
    seeds: figure.quick.seeds ?? figure.seeds,
    axes: mapEntries(figure.axes, (axis, values) =>
      values.map((value) => ({
        ...value,
        ...(value.client === undefined ? {} : { client: shorten(axis, value.client) }),
        ...(value.clients === undefined
          ? {}
          : {
              clients: mapEntries(value.clients, (group, clients) =>
                clients.map((client) => shorten(group, client)),
              ),
            }),
      })),
    ),
    systems: figure.systems
      .filter(({ id }) => figure.quick?.systems?.includes(id) ?? true)
      .map((entry) =>
        entry.overrides === undefined
          ? entry
          : { ...entry, overrides: mapEntries(entry.overrides, shorten) },
      ),
  };
}

function mapEntries<A, B>(
  record: Record<string, A>,
  map: (key: string, value: A) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
