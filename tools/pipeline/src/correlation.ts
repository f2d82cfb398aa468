/**
 * correlation: how far the simulated GPU is from the real one, on the same plans.
 *
 * Reads the records of each figure's plans for a real GPU twice: as simulated (out/<paper>/<figure>/sim-<gpu>/) and as
 * measured (packages/<paper>/measured/<gpu>/<figure>/). Where some were measured again on another machine (again/ in that
 * folder), what that one gets is reported beside the simulator. Writes table.{csv,md}, correlation.{vl.json,svg,png,html}
 * and verdict.{json,md}.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { interval } from './lib/bootstrap.ts';
import { judgeAgain, type MeasuredAgain, type WholeVerdict } from './lib/correlation/again.ts';
import { comparePoints, type Compared, type Point } from './lib/correlation/compare.ts';
import { ranksOf, type CellRanks } from './lib/correlation/ranks.ts';
import { readSettings, type CorrelationSettings } from './lib/correlation/settings.ts';
import { tableCsv, tableMarkdown, tableRows, verdictPage } from './lib/correlation/tables.ts';
import { judgeCorrelation } from './lib/correlation/verdict.ts';
import { decorateData, type Spec } from './lib/decorate.ts';
import { main, UserError } from './lib/errors.ts';
import type { FigureDefinition } from './lib/figure-schema.ts';
import { loadFigure } from './lib/figure.ts';
import { readJson, toJson, writeAtomic } from './lib/files.ts';
import { toHtml } from './lib/html.ts';
import { laneFigure, laneFolder } from './lib/lane-figure.ts';
import { measureRecords } from './lib/measure-records.ts';
import { againFolder, measuredFolder } from './lib/paths.ts';
import { packedRecords, rawRecords } from './lib/records.ts';
import { toPng, toSvg } from './lib/render.ts';

const TITLE = 'Simulated against measured';

export interface CorrelationArgs {
  /** Folder of correlation.json and correlation.vl.json. */
  settings: string;
  out: string;
  /** Root of the checkout, with packages/ and out/. */
  root: string;
}

interface FigurePair {
  figure: FigureDefinition;
  compared: Compared;
  /** Of another machine; null where there is none. */
  again: Pick<MeasuredAgain, 'again' | 'missing'> | null;
  origin: string;
}

export async function correlation(args: CorrelationArgs): Promise<WholeVerdict> {
  const settings = readSettings(join(args.settings, 'correlation.json'));
  const pairs: FigurePair[] = [];
  const notMeasured: string[] = [];
  for (const name of settings.figures) {
    const pair = readPair(name, settings, args.root);
    if (pair === null) notMeasured.push(name);
    else pairs.push(pair);
  }
  if (pairs.length === 0) {
    throw new UserError(`${settings.figures.join(', ')}: none of these figures is measured yet`);
  }
  const points: Point[] = [];
  const ranks: CellRanks[] = [];
  const measuredAgain: MeasuredAgain[] = [];
  for (const { compared, again } of pairs) {
    const own = comparePoints(
      compared,
      settings.metrics,
      (cell) => isCalibration(settings, compared.figure, cell),
      (m) => interval(m.replicates),
    );
    points.push(...own);
    if (again !== null) measuredAgain.push({ compared, points: own, ...again });
    ranks.push(...ranksOf(compared, own, settings.ranks, settings.load_limit));
  }
  const verdict = {
    ...judgeCorrelation(settings, points, ranks, notMeasured),
    again: judgeAgain(
      settings,
      measuredAgain,
      (figure, cell) => isCalibration(settings, figure, cell),
      (m) => interval(m.replicates),
    ),
  };
  const origin = [...new Set(pairs.map((pair) => pair.origin))].join(' + ');
  const rows = tableRows(points);
  writeAtomic(join(args.out, 'table.csv'), tableCsv(rows));
  writeAtomic(join(args.out, 'table.md'), tableMarkdown(TITLE, settings.metrics, points));
  writeAtomic(join(args.out, 'verdict.json'), toJson({ origin, ...verdict }));
  writeAtomic(join(args.out, 'verdict.md'), verdictPage(TITLE, origin, verdict));
  await draw(args, pairs, rows, origin);
  return verdict;
}

/** Simulated and measured values of a figure; null if nothing of it is measured. */
function readPair(name: string, settings: CorrelationSettings, root: string): FigurePair | null {
  const [paper = '', id = ''] = name.split('/');
  const folder = join(root, 'packages', paper, 'figures', id);
  const lane = { lane: 'sim', plans: 'cuda', quick: false } as const;
  const whole = laneFigure(loadFigure(folder), lane);
  const measuredIn = measuredFolder(folder, whole.gpu);
  if (!existsSync(measuredIn)) return null;
  const client = whole.until;
  const metrics = [...settings.metrics, `${client}_throughput`, `${client}_service_mean`];
  const figure = { ...whole, metrics: [...new Set(metrics)], means: [] };
  const simulatedIn = join(root, 'out', paper, id, laneFolder(lane, figure.gpu));
  const measured = measureRecords(figure, packedRecords(measuredIn));
  const simulated = measureRecords(figure, rawRecords(simulatedIn, false));
  const againIn = againFolder(folder, whole.gpu);
  const again = existsSync(againIn) ? measureRecords(figure, packedRecords(againIn)) : null;
  const machines = [...measured.summaries.values()]
    .flat()
    .map((summary) => `${summary.label} on ${summary.machine?.gpu.name ?? summary.gpu}`);
  return {
    figure,
    compared: { figure: name, client, simulated: simulated.measured, measured: measured.measured },
    again: again === null ? null : { again: again.measured, missing: again.missing },
    origin: `simulated ${figure.gpu}, ${[...new Set(machines)].sort().join(' + ')}`,
  };
}

function isCalibration(
  settings: CorrelationSettings,
  figure: string,
  cell: Record<string, string>,
): boolean {
  return settings.calibration.some(
    (pair) =>
      pair.figure === figure && Object.entries(pair.cell).every(([axis, id]) => cell[axis] === id),
  );
}

async function draw(
  args: CorrelationArgs,
  pairs: readonly FigurePair[],
  rows: ReturnType<typeof tableRows>,
  origin: string,
): Promise<void> {
  const path = join(args.settings, 'correlation.vl.json');
  const systems = new Map(pairs.flatMap(({ figure }) => figure.systems.map((s) => [s.id, s])));
  const spec = decorateData(
    readJson(path, 'it is drawn from the table') as Spec,
    { title: TITLE, systems: [...systems.values()], axes: {} },
    rows.map((row) => ({ ...row, system_label: systems.get(String(row.system))?.label ?? '' })),
    'table.csv',
    origin,
  );
  const svg = await toSvg(spec, path);
  const base = join(args.out, 'correlation');
  writeAtomic(`${base}.vl.json`, toJson(spec));
  writeAtomic(`${base}.svg`, `${svg}\n`);
  writeAtomic(`${base}.png`, toPng(svg));
  writeAtomic(`${base}.html`, toHtml(TITLE, spec, svg));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const { values } = parseArgs({
      options: {
        settings: { type: 'string', default: 'packages/shared-native/correlation' },
        out: { type: 'string', default: 'out/shared-native/correlation' },
        root: { type: 'string', default: '.' },
      },
    });
    const { bars, ranks, again } = await correlation(values);
    for (const { verdict, metric, load, median, limit, n } of bars) {
      const value = median === null ? 'nothing measured' : `median error ${percent(median)}`;
      const where = load === 'all' ? '' : ' below the load limit';
      console.log(
        `${verdict.padEnd(8)} ${metric}${where}: ${value} of ${String(n)}, bar ${percent(limit)}`,
      );
    }
    for (const { verdict, metric, right, clear } of ranks)
      console.log(`${verdict.padEnd(8)} order by ${metric}: ${String(right)} of ${String(clear)}`);
    for (const { metric, clear, simulated, again: other } of again?.ranks ?? [])
      console.log(
        `measured again, order by ${metric}: ${String(other)} of ${String(clear)}, simulated ${String(simulated)}`,
      );
    console.log(`correlation: ${join(values.out, 'verdict.md')}`);
  });
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}
