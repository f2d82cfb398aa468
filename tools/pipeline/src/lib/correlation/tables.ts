/** The comparison as table.csv, table.md and verdict.md. */

import { cellName, format } from '../claims.ts';
import { toCsv } from '../csv.ts';
import type { AgainVerdict, WholeVerdict } from './again.ts';
import type { Point } from './compare.ts';
import { gapOf, type CorrelationVerdict, type ErrorSummary } from './verdict.ts';

const MARK = { HOLDS: '✔ HOLDS', FAILS: '✘ FAILS', UNTESTED: '○ UNTESTED' } as const;

const COLUMNS = [
  ...['figure', 'system', 'cell', 'set', 'load', 'metric', 'quantity', 'statistic', 'unit'],
  ...['simulated', 'measured', 'ci_low', 'ci_high', 'error'],
] as const;

export type TableRow = Record<(typeof COLUMNS)[number], string | number>;

/** One row a point: what table.csv and the plot hold. */
export function tableRows(points: readonly Point[]): TableRow[] {
  return points.map((point) => {
    const [, quantity = '', statistic = ''] = point.metric.split('_');
    const client = point.metric.slice(0, point.metric.indexOf('_'));
    return {
      ...{ figure: point.figure, system: point.system, cell: cellName(point.cell) },
      ...{ set: point.set, load: point.load === null ? '' : rounded(point.load) },
      ...{ metric: point.metric, quantity: `${client} ${quantity}`, statistic, unit: point.unit },
      ...{ simulated: rounded(point.simulated), measured: rounded(point.measured) },
      ...{ ci_low: rounded(point.ci_low), ci_high: rounded(point.ci_high) },
      error: rounded(point.error),
    };
  });
}

export function tableCsv(rows: readonly TableRow[]): string {
  return toCsv(
    COLUMNS,
    rows.map((row) => COLUMNS.map((column) => row[column])),
  );
}

/** One line a system and cell, one column a metric: simulated, measured, error. */
export function tableMarkdown(
  title: string,
  metrics: readonly string[],
  points: readonly Point[],
): string {
  const lines = new Map<string, Point[]>();
  for (const point of points) {
    const key = JSON.stringify([point.figure, point.system, point.cell]);
    lines.set(key, [...(lines.get(key) ?? []), point]);
  }
  const body = [...lines.values()].flatMap((own) => {
    const first = own[0];
    if (first === undefined) return [];
    const load = first.load === null ? '' : percent(first.load);
    const values = metrics.map((metric) => {
      const point = own.find((p) => p.metric === metric);
      return point === undefined
        ? ''
        : `${format(point.simulated)} / ${format(point.measured)} (${signed(point.error)})`;
    });
    return [row([first.figure, cellName(first.cell), first.system, first.set, load, ...values])];
  });
  return page([
    `# ${title}: every cell`,
    '',
    'Each value: simulated / measured (error). Latency and service in ms, throughput in 1/s.',
    '',
    ...header(['figure', 'cell', 'system', 'set', 'load', ...metrics]),
    ...body,
  ]);
}

export function verdictPage(title: string, origin: string, verdict: WholeVerdict): string {
  const limit = percent(verdict.load_limit);
  return page([
    `# ${title}`,
    '',
    `${origin}.`,
    '',
    ...(verdict.not_measured.length > 0
      ? [`Not measured: ${verdict.not_measured.join(', ')}.`, '']
      : []),
    '## Bars: held-back cells',
    '',
    ...header(['metric', 'cells', 'n', 'median error', 'bar', 'verdict']),
    ...verdict.bars.map((bar) =>
      row([
        bar.metric,
        cellsAt(bar.load, limit),
        String(bar.n),
        shown(bar.median, percent),
        `≤ ${percent(bar.limit)}`,
        MARK[bar.verdict],
      ]),
    ),
    '',
    '## Order of systems',
    '',
    'Pairs of systems whose measured values differ by more than noise; latency below the load limit.',
    '',
    ...header([
      'metric',
      'cells',
      'pairs',
      'ordered right',
      'lowest Spearman',
      'largest wrong gap',
      'verdict',
    ]),
    ...verdict.ranks.map((rank) =>
      row([
        rank.metric,
        String(rank.cells),
        String(rank.clear),
        String(rank.right),
        shown(rank.lowest_spearman, format),
        shown(rank.largest_wrong_gap, percent),
        MARK[rank.verdict],
      ]),
    ),
    ...wrongRanks(verdict),
    ...(verdict.again === null ? [] : againSection(verdict.again, limit)),
    '',
    '## Errors',
    '',
    'Relative, against the measured value; bias is the median with its sign.',
    '',
    ...header(['figure', 'metric', 'set', 'load', 'n', 'median', 'p90', 'bias']),
    ...verdict.errors.map((error) => errorRow(error, limit)),
  ]);
}

function againSection({ bars, ranks }: AgainVerdict, limit: string): string[] {
  return [
    '',
    '## Measured again',
    '',
    'The same plans on another GPU of the kind, and the simulator on the same cells, both against the first measurements.',
    '',
    ...header(['metric', 'cells', 'n', 'median error, measured again', 'simulated']),
    ...bars.map(({ metric, load, n, again, simulated }) =>
      row([
        metric,
        cellsAt(load, limit),
        String(n),
        shown(again, percent),
        shown(simulated, percent),
      ]),
    ),
    '',
    ...header(['metric', 'cells', 'pairs', 'ordered alike, measured again', 'simulated']),
    ...ranks.map(({ metric, cells, clear, again, simulated }) =>
      row([metric, ...[cells, clear, again, simulated].map(String)]),
    ),
  ];
}

function wrongRanks({ wrong_ranks: cells }: CorrelationVerdict): string[] {
  if (cells.length === 0) return [];
  return [
    '',
    ...header(['figure', 'cell', 'metric', 'wrong pair', 'gap', 'measured', 'simulated']),
    ...cells.flatMap(({ figure, cell, metric, wrong }) =>
      wrong.map((pair) =>
        row([
          figure,
          cellName(cell),
          metric,
          `${pair.above} > ${pair.below}`,
          percent(gapOf(pair)),
          pair.measured.map(format).join(', '),
          pair.simulated.map(format).join(', '),
        ]),
      ),
    ),
  ];
}

function errorRow(error: ErrorSummary, limit: string): string {
  const load = { all: 'all', below: `below ${limit}`, above: `${limit} and above` }[error.load];
  return row([
    ...[error.figure, error.metric, error.set, load, String(error.n)],
    ...[shown(error.median, percent), shown(error.p90, percent), shown(error.bias, signed)],
  ]);
}

/** The cells that a bar is on. */
function cellsAt(load: 'all' | 'below', limit: string): string {
  return load === 'all' ? 'all' : `load below ${limit}`;
}

function shown(value: number | null, show: (value: number) => string): string {
  return value === null ? '' : show(value);
}

function header(names: readonly string[]): string[] {
  return [row(names), row(names.map(() => '---'))];
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function page(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${percent(Math.abs(value))}`;
}

/** As many digits as results.csv has. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
