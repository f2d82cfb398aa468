/** A figure definition, read and checked: its schema first, then what the fields say about each other. */

import { join } from 'node:path';
import type { Catalogue } from './catalogue.ts';
import { UserError } from './errors.ts';
import type { Claim } from './claim-schema.ts';
import {
  figureJsonSchema,
  figureSchema,
  type AxisValue,
  type FigureDefinition,
  type WinnerDefinition,
} from './figure-schema.ts';
import { readJson } from './files.ts';
import { metricNames, parseMetric } from './metric-names.ts';
import { ALL, copyName, metricClients } from './plans.ts';
import { REPOSITORY, withRegistered, type Registry } from './registered.ts';
import { describeIssues } from './schema-issues.ts';
import { cudaFigure, EVERY } from './lane-figure.ts';
import { unknownName } from './suggest.ts';

/** Value of an axis in rows that hold the mean over it. */
export const MEAN = 'mean';

/** At most this many problems of one file are listed: the first ones usually cause the others. */
const MOST_PROBLEMS = 12;

/** Reads `<folder>/figure.json`. Throws UserError with a line per problem. */
export function loadFigure(
  folder: string,
  catalogue?: Catalogue,
  registry: Registry = REPOSITORY,
): FigureDefinition {
  const path = join(folder, 'figure.json');
  const file = readJson(
    path,
    'expected a figure definition, such as packages/orion/figures/fig7/figure.json',
  );
  const known =
    catalogue === undefined ? registry : { ...registry, systems: () => catalogue.systems };
  const input = withRegistered(file, known);
  const parsed = figureSchema.safeParse(input);
  const problems = parsed.success
    ? checkFigure(parsed.data, catalogue)
    : describeIssues(parsed.error.issues, input, figureJsonSchema());
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new UserError(
    problems
      .slice(0, MOST_PROBLEMS)
      .map((problem) => `${path}: ${problem}`)
      .join('\n'),
  );
}

/** Problems between fields, and names that the catalogue does not know. */
export function checkFigure(figure: FigureDefinition, catalogue?: Catalogue): string[] {
  const own = [
    ...checkRuns(figure, catalogue),
    ...checkMetrics(figure),
    ...checkRunBy(figure),
    ...(figure.winners ?? []).flatMap((winner, i) =>
      checkWinner(figure, winner, `winners[${String(i)}]`),
    ),
    ...(figure.claims ?? []).flatMap((claim, i) =>
      checkClaim(figure, claim, `claims[${String(i)}]`),
    ),
  ];
  return own.length > 0 ? own : checkCuda(figure, catalogue);
}

/** What decides the plans. */
function checkRuns(figure: FigureDefinition, catalogue?: Catalogue): string[] {
  return [
    ...checkSystems(figure, catalogue),
    ...checkQuickSystems(figure),
    ...checkSeeds(figure),
    ...checkAxes(figure, catalogue),
  ];
}

/** Names in `cuda`; if they are right, the figure that it makes. */
function checkCuda(figure: FigureDefinition, catalogue?: Catalogue): string[] {
  const { cuda } = figure;
  if (cuda === undefined) return [];
  const problems: string[] = [];
  const entries = figure.systems.map(({ id }) => id);
  cuda.systems?.forEach((entry, i) => {
    const at = `cuda.systems[${String(i)}]`;
    if (typeof entry === 'string') {
      if (!entries.includes(entry))
        problems.push(`${at}: ${unknownName('system entry', entry, entries)}`);
      return;
    }
    const own = figure.systems.find(({ id }) => id === entry.id);
    if (own !== undefined && own.system !== entry.system) {
      problems.push(
        `${at}.system: is "${entry.system}", but "${entry.id}" is "${own.system}" in systems; expected another id`,
      );
    }
  });
  for (const [axis, overrides] of Object.entries(cuda.axes ?? {})) {
    const values = figure.axes[axis]?.map(({ id }) => id);
    if (values === undefined) {
      problems.push(`cuda.axes: ${unknownName('axis', axis, Object.keys(figure.axes))}`);
      continue;
    }
    for (const id of Object.keys(overrides)) {
      if (id !== EVERY && !values.includes(id))
        problems.push(`cuda.axes.${axis}: ${unknownName('value', id, [...values, EVERY])}`);
    }
  }
  if (problems.length > 0) return problems;
  return checkRuns(cudaFigure(figure), catalogue).map((problem) => `cuda.${problem}`);
}

/** Plan ids begin with the value of the first axis, by which the task of a value finds its plans. */
function checkRunBy(figure: FigureDefinition): string[] {
  const { run_by: axis, systems } = figure;
  if (axis === undefined) return [];
  const first = Object.keys(figure.axes)[0] ?? '';
  if (axis !== first) return [`run_by: is "${axis}"; expected "${first}", the first axis`];
  return systems
    .filter(({ alone }) => alone === true)
    .map(
      ({ id }) =>
        `run_by: "${id}" runs clients alone, which has no plans of a cell; expected an entry without "alone"`,
    );
}

function checkWinner(figure: FigureDefinition, winner: WinnerDefinition, at: string): string[] {
  const entries = figure.systems.map(({ id }) => id);
  const metrics = [
    { field: 'metric', name: winner.metric },
    ...(winner.within === undefined
      ? []
      : [{ field: 'within.metric', name: winner.within.metric }]),
  ];
  return [
    ...metrics
      .filter(({ name }) => !figure.metrics.includes(name))
      .map(
        ({ field, name }) =>
          `${at}.${field}: ${unknownName('metric of this figure', name, figure.metrics)}`,
      ),
    ...(winner.except ?? [])
      .filter((id) => !entries.includes(id))
      .map((id) => `${at}.except: ${unknownName('system entry', id, entries)}`),
  ];
}

function checkSystems(figure: FigureDefinition, catalogue?: Catalogue): string[] {
  const clients = metricClients(figure);
  const problems = duplicates(figure.systems.map((s) => s.id)).map(
    (id) => `systems: two entries have the id "${id}"; expected one each`,
  );
  figure.systems.forEach((entry, i) => {
    const at = `systems[${String(i)}]`;
    if (catalogue !== undefined && !catalogue.systems.includes(entry.system)) {
      problems.push(`${at}.system: ${unknownName('system', entry.system, catalogue.systems)}`);
    }
    for (const [axis, ids] of Object.entries(entry.only ?? {})) {
      const values = figure.axes[axis]?.map(({ id }) => id);
      if (values === undefined)
        problems.push(`${at}.only: ${unknownName('axis', axis, Object.keys(figure.axes))}`);
      for (const id of ids) {
        if (values?.includes(id) === false)
          problems.push(`${at}.only.${axis}: ${unknownName('value', id, values)}`);
      }
    }
    for (const name of Object.keys(entry.overrides ?? {})) {
      if (!clients.includes(name))
        problems.push(`${at}.overrides: ${unknownName('axis', name, clients)}`);
    }
  });
  if (catalogue !== undefined && !catalogue.gpus.includes(figure.gpu)) {
    problems.push(`gpu: ${unknownName('GPU', figure.gpu, catalogue.gpus)}`);
  }
  const ids = figure.systems.map((s) => s.id);
  if (figure.baseline !== undefined && !ids.includes(figure.baseline)) {
    problems.push(`baseline: ${unknownName('system entry', figure.baseline, ids)}`);
  }
  return problems;
}

/** Ratios need the baseline in the reduced form too. */
function checkQuickSystems(figure: FigureDefinition): string[] {
  const { systems: kept } = figure.quick ?? {};
  if (kept === undefined) return [];
  const entries = figure.systems.map(({ id }) => id);
  const unknown = kept
    .filter((id) => !entries.includes(id))
    .map((id) => `quick.systems: ${unknownName('system entry', id, entries)}`);
  if (figure.baseline === undefined || kept.includes(figure.baseline)) return unknown;
  return [...unknown, `quick.systems: expected "${figure.baseline}" in it, the baseline`];
}

function checkSeeds(figure: FigureDefinition): string[] {
  const lists: [string, number[]][] = [
    ['seeds', figure.seeds],
    ['quick.seeds', figure.quick?.seeds ?? []],
  ];
  return lists.flatMap(([at, seeds]) =>
    duplicates(seeds).map(
      (seed) =>
        `${at}: seed ${String(seed)} is given twice; expected distinct seeds, a repeat is not a new run`,
    ),
  );
}

function checkAxes(figure: FigureDefinition, catalogue?: Catalogue): string[] {
  const axes = Object.keys(figure.axes);
  const entries = figure.systems.map((s) => s.id);
  const problems: string[] = [];
  if (axes.length === 0) problems.push('axes: is empty; expected at least one axis');
  const clients = metricClients(figure).filter((name) => name !== ALL || axes.includes(ALL));
  if (!clients.includes(figure.until))
    problems.push(`until: ${unknownName('axis', figure.until, clients)}`);
  problems.push(...checkGroups(figure, clients));
  for (const [axis, values] of Object.entries(figure.axes)) {
    for (const id of duplicates(values.map((v) => v.id))) {
      problems.push(`axes.${axis}: two values have the id "${id}"; expected one each`);
    }
    const most = Math.max(...values.map(({ copies = 1 }) => copies));
    for (const other of axes) {
      const taken = Array.from({ length: most - 1 }, (_, i) => copyName(axis, i + 1));
      if (taken.includes(other))
        problems.push(
          `axes.${other}: is also the name of a copy of "${axis}"; expected another name`,
        );
    }
    values.forEach((value, i) => {
      const at = `axes.${axis}[${String(i)}]`;
      if (value.id === MEAN)
        problems.push(`${at}.id: "${MEAN}" names rows of means; expected another id`);
      problems.push(...checkPrograms(value, at, catalogue));
      for (const entry of Object.keys(value.params ?? {})) {
        if (!entries.includes(entry)) {
          problems.push(`${at}.params: ${unknownName('system entry', entry, entries)}`);
        }
      }
    });
  }
  for (const [known, names] of [
    [axes, figure.means ?? []],
    [clients, Object.keys(figure.quick?.requests ?? {})],
  ] as const) {
    for (const name of names) {
      if (!known.includes(name))
        problems.push(`means or quick.requests: ${unknownName('axis', name, known)}`);
    }
  }
  return problems;
}

function checkPrograms(value: AxisValue, at: string, catalogue?: Catalogue): string[] {
  if (catalogue === undefined) return [];
  const named = [
    ...(value.client === undefined ? [] : [{ where: `${at}.client`, ...value.client }]),
    ...Object.entries(value.clients ?? {}).flatMap(([group, clients]) =>
      clients.map((client, i) => ({ where: `${at}.clients.${group}[${String(i)}]`, ...client })),
    ),
  ];
  return named
    .filter(({ program }) => !catalogue.programs.includes(program))
    .map(
      ({ where, program }) =>
        `${where}.program: ${unknownName('program', program, catalogue.programs)}`,
    );
}

/** What groups ask of the rest of the figure. */
function checkGroups(figure: FigureDefinition, clients: readonly string[]): string[] {
  const problems: string[] = [];
  const lists = Object.entries(figure.axes).flatMap(([axis, values]) =>
    values.flatMap((value) => Object.keys(value.clients ?? {}).map((group) => ({ axis, group }))),
  );
  for (const { axis, group } of lists) {
    if (group === ALL || group in figure.axes)
      problems.push(`axes.${axis}: a group is named "${group}", as an axis or all clients are`);
  }
  figure.systems.forEach((entry, i) => {
    const at = `systems[${String(i)}]`;
    if (entry.alone === true && lists.length > 0)
      problems.push(`${at}.alone: values with "clients" have no one client; expected "groups"`);
    for (const name of entry.groups ?? []) {
      if (!clients.includes(name))
        problems.push(`${at}.groups: ${unknownName('client', name, clients)}`);
    }
  });
  return [...new Set(problems)];
}

function checkMetrics(figure: FigureDefinition): string[] {
  const axes = Object.keys(figure.axes);
  const clients = metricClients(figure);
  const known = metricNames(clients, figure.baseline !== undefined);
  const problems = duplicates(figure.metrics).map((name) => `metrics: "${name}" is given twice`);
  figure.metrics.forEach((name, i) => {
    const at = `metrics[${String(i)}]`;
    if (parseMetric(name, clients)?.ratio === true && figure.baseline === undefined) {
      problems.push(`${at}: "${name}" needs the field "baseline"`);
    } else if (!known.includes(name)) {
      problems.push(`${at}: ${unknownName('metric', name, known)}`);
    }
  });
  (figure.tables ?? []).forEach((table, i) => {
    const at = `tables[${String(i)}]`;
    for (const [field, axis] of [
      ['rows', table.rows],
      ['columns', table.columns],
    ] as const) {
      if (!axes.includes(axis)) problems.push(`${at}.${field}: ${unknownName('axis', axis, axes)}`);
    }
    if (!figure.metrics.includes(table.metric)) {
      problems.push(
        `${at}.metric: ${unknownName('metric of this figure', table.metric, figure.metrics)}`,
      );
    }
    if (!table.file.includes('{system}')) {
      problems.push(`${at}.file: is "${table.file}"; expected a path with {system} in it`);
    }
  });
  return problems;
}

function checkClaim(figure: FigureDefinition, claim: Claim, at: string): string[] {
  const problems: string[] = [];
  const entries = figure.systems.map((s) => s.id);
  const named =
    claim.kind === 'order'
      ? claim.systems
      : claim.kind === 'ratio'
        ? [claim.of, claim.to]
        : [claim.of];
  for (const name of named) {
    if (!entries.includes(name))
      problems.push(`${at}: ${unknownName('system entry', name, entries)}`);
  }
  if (!figure.metrics.includes(claim.metric)) {
    problems.push(
      `${at}.metric: ${unknownName('metric of this figure', claim.metric, figure.metrics)}`,
    );
  }
  if (claim.kind === 'order' && claim.relations.length !== claim.systems.length - 1) {
    problems.push(
      `${at}.relations: has ${String(claim.relations.length)} entries; ` +
        `expected one between each two systems: ${String(claim.systems.length - 1)}`,
    );
  }
  const axes = Object.keys(figure.axes);
  if (claim.kind === 'monotone' || claim.kind === 'peak') {
    const values = figure.axes[claim.along]?.map(({ id }) => id);
    if (values === undefined) {
      problems.push(`${at}.along: ${unknownName('axis', claim.along, axes)}`);
    } else if (claim.kind === 'peak' && !values.includes(claim.at)) {
      problems.push(`${at}.at: ${unknownName('value', claim.at, values)}`);
    }
  }
  for (const [axis, value] of Object.entries(claim.cells ?? {})) {
    const values = figure.axes[axis]?.map((v) => v.id);
    if (values === undefined) {
      problems.push(`${at}.cells: ${unknownName('axis', axis, axes)}`);
    } else if (value === MEAN ? !(figure.means ?? []).includes(axis) : !values.includes(value)) {
      const known = (figure.means ?? []).includes(axis) ? [...values, MEAN] : values;
      problems.push(`${at}.cells.${axis}: ${unknownName('value', value, known)}`);
    }
  }
  return problems;
}

function duplicates<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, i) => values.indexOf(value) !== i))];
}
