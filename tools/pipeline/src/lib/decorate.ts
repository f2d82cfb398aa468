/**
 * What the pipeline adds to a figure's plain Vega-Lite: the results in place of the file's name, the shared
 * look of systems, labels and orders of the figure, and where the numbers come from.
 *
 * Nothing that a specification says itself is replaced, so it can be opened and edited in any Vega editor.
 */

import { basename } from 'node:path';
import type { FigureDefinition } from './figure-schema.ts';
import { MEAN } from './figure.ts';
import type { ResultRow } from './results.ts';
import { systemStyles } from './system-colours.ts';
import { THEME } from './theme.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Spec = Record<string, Json>;

/** Encoding channels whose definitions may name a field. */
const DISCRETE = new Set([
  'x',
  'y',
  'xOffset',
  'yOffset',
  'color',
  'fill',
  'stroke',
  'shape',
  'facet',
  'row',
  'column',
  'strokeDash',
  'opacity',
]);
const COLOURS = new Set(['color', 'fill', 'stroke']);
const GUIDE: Record<string, string> = {
  x: 'axis',
  y: 'axis',
  facet: 'header',
  row: 'header',
  column: 'header',
  color: 'legend',
  fill: 'legend',
  stroke: 'legend',
  shape: 'legend',
};

/** The complete specification: data, scales, labels, title and look included. */
export function decorate(
  spec: Spec,
  figure: FigureDefinition,
  rows: readonly ResultRow[],
  origin: string,
): Spec {
  return decorateData(
    spec,
    figure,
    rows.map((row) => flatten(row, figure)),
    'results.csv',
    origin,
  );
}

/** A further table, for specifications that read it by `file`. */
export function withTable(spec: Spec, file: string, rows: readonly Json[]): Spec {
  const datasets = spec['datasets'];
  const both = inlineData(spec, [...rows], file);
  return {
    ...both,
    datasets: { ...(isSpec(datasets) ? datasets : {}), ...(both['datasets'] as Spec) },
  };
}

/** What of a figure gives a plot its labels, order and colours. */
export type Labels = Pick<FigureDefinition, 'title' | 'systems' | 'axes'>;

/** The same for the rows of any table; `file` is the name by which the specification reads it. */
export function decorateData(
  spec: Spec,
  figure: Labels,
  rows: Json[],
  file: string,
  origin: string,
): Spec {
  const decorated = visit(spec, discreteFields(figure), figure) as Spec;
  const data = inlineData(decorated, rows, file);
  return {
    ...data,
    title: withOrigin(data['title'] ?? figure.title, origin),
    config: { ...(THEME as unknown as Spec), ...(data['config'] as Spec | undefined) },
  };
}

interface DiscreteField {
  /** Ids in the figure's order. */
  order: string[];
  labels: Record<string, string>;
}

/** `system` and the axes: fields whose values the figure lists and labels. */
function discreteFields(figure: Labels): Record<string, DiscreteField> {
  const field = (values: readonly { id: string; label: string }[]): DiscreteField => ({
    order: values.map(({ id }) => id),
    labels: Object.fromEntries(values.map(({ id, label }) => [id, label])),
  });
  return {
    system: field(figure.systems),
    ...Object.fromEntries(
      Object.entries(figure.axes).map(([axis, values]) => [
        axis,
        field([...values, { id: MEAN, label: 'mean' }]),
      ]),
    ),
  };
}

function visit(node: Json, fields: Record<string, DiscreteField>, figure: Labels): Json {
  if (Array.isArray(node)) return node.map((child) => visit(child, fields, figure));
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => {
      const field =
        isSpec(child) && typeof child['field'] === 'string' ? fields[child['field']] : undefined;
      if (field !== undefined && DISCRETE.has(key) && isSpec(child)) {
        return [key, decorateChannel(key, child, field, figure)];
      }
      if (key === 'tooltip' && Array.isArray(child)) {
        return [key, child.map((entry) => labelledTooltip(entry, fields))];
      }
      return [key, visit(child, fields, figure)];
    }),
  );
}

function decorateChannel(
  channel: string,
  definition: Spec,
  field: DiscreteField,
  figure: Labels,
): Spec {
  const result: Spec = { ...definition };
  if (!('sort' in result)) result['sort'] = field.order;
  const styles = systemStyles(figure.systems);
  if (result['field'] === 'system' && !('scale' in result)) {
    const range = (pick: 'colour' | 'shape'): Spec => ({
      domain: field.order,
      range: field.order.map((id) => styles[id]?.[pick] ?? ''),
    });
    if (COLOURS.has(channel)) result['scale'] = range('colour');
    if (channel === 'shape') result['scale'] = range('shape');
  }
  const guide = GUIDE[channel];
  if (guide !== undefined && result[guide] !== null) {
    const own = (result[guide] ?? {}) as Spec;
    if (!('labelExpr' in own))
      result[guide] = { ...own, labelExpr: `(${JSON.stringify(field.labels)})[datum.value]` };
  }
  return result;
}

/** Tooltips show labels instead of ids. */
function labelledTooltip(entry: Json, fields: Record<string, DiscreteField>): Json {
  if (!isSpec(entry) || typeof entry['field'] !== 'string' || !(entry['field'] in fields))
    return entry;
  return { ...entry, field: `${entry['field']}_label`, title: entry['title'] ?? entry['field'] };
}

/** A result as a flat record, with labels beside ids. */
function flatten(row: ResultRow, figure: FigureDefinition): Record<string, string | number> {
  const { cell, ...rest } = row;
  const labels = Object.entries(cell).map(([axis, id]): [string, string] => [
    `${axis}_label`,
    figure.axes[axis]?.find((value) => value.id === id)?.label ?? id,
  ]);
  const system = figure.systems.find(({ id }) => id === row.system);
  return {
    ...rest,
    ...cell,
    system_label: system?.label ?? row.system,
    ...Object.fromEntries(labels),
  };
}

/** Every `data: {url: …/<file>}` becomes the named data set that holds the rows. */
function inlineData(spec: Spec, values: Json, file: string): Spec {
  return { ...(namedData(spec, file) as Spec), datasets: { [basename(file, '.csv')]: values } };
}

function namedData(node: Json, file: string): Json {
  if (Array.isArray(node)) return node.map((child) => namedData(child, file));
  if (!isSpec(node)) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, child]) => {
      const url = key === 'data' && isSpec(child) ? child['url'] : undefined;
      const isData = typeof url === 'string' && basename(url) === file;
      return [key, isData ? { name: basename(file, '.csv') } : namedData(child, file)];
    }),
  );
}

/** The title with a second line that says where the numbers come from. */
function withOrigin(title: Json, origin: string): Spec {
  const own: Spec = isSpec(title) ? title : { text: title };
  const subtitle = own['subtitle'];
  const lines =
    subtitle === undefined || subtitle === null
      ? []
      : Array.isArray(subtitle)
        ? subtitle
        : [subtitle];
  return { ...own, subtitle: [...lines, origin] };
}

function isSpec(value: Json | undefined): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
