/**
 * plot: from results.csv and a figure's *.vl.json to <plot>.{vl.json,svg,png,html}.
 *
 * Reads the figure's title, labels and plots. The written vl.json holds the data and opens in any Vega editor.
 */

import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { decorate, withTable, type Spec } from './lib/decorate.ts';
import { codeInputs } from './lib/digest.ts';
import { main, UserError } from './lib/errors.ts';
import type { FigureDefinition } from './lib/figure-schema.ts';
import { loadFigure } from './lib/figure.ts';
import { readJson, toJson, writeAtomic } from './lib/files.ts';
import { toHtml } from './lib/html.ts';
import { laneFigure } from './lib/lane-figure.ts';
import { coverage, MISSING, missingCells, readMissing, type MissingPlan } from './lib/missing.ts';
import { describeOrigin } from './lib/origin.ts';
import { NATIVE } from './lib/paths.ts';
import { plotInputs } from './lib/plot-inputs.ts';
import { startRecord } from './lib/provenance.ts';
import { toPng, toSvg } from './lib/render.ts';
import { readResults, type ResultRow } from './lib/results.ts';
import { readSeries, SERIES } from './lib/series-table.ts';

/** Renders every plot of the figure; returns their names. */
export async function plot(args: StepArgs): Promise<string[]> {
  const finish = startRecord(args.out, 'plot');
  const figure = laneFigure(loadFigure(args.figure), args);
  const axes = Object.keys(figure.axes);
  const rows = readResults(join(args.out, 'results.csv'), axes);
  const missing = readMissing(args.out, axes);
  const origin = describeOrigin(rows, gpuName, {
    quick: args.quick,
    coverage: coverage(figure, missing),
  });
  const emptyPanels = missing.length > 0;
  const names = await draw(figure, {
    folder: args.figure,
    out: args.out,
    rows,
    origin,
    emptyPanels,
    missing,
  });
  finish({
    ...plotInputs(figure, args.figure, args.out),
    ...codeInputs(fileURLToPath(import.meta.url)),
  });
  return names;
}

export interface Drawing {
  /** Folder of the figure definition. */
  folder: string;
  out: string;
  rows: readonly ResultRow[];
  /** The line under every title. */
  origin: string;
  /** Panels may be without data. */
  emptyPanels: boolean;
  /** For plots that show what is not there. */
  missing?: readonly MissingPlan[];
}

/** Draws rows by the figure's plots, labels and colours; returns the names of the plots. */
export async function draw(
  figure: FigureDefinition,
  { folder, out, rows, origin, emptyPanels, missing = [] }: Drawing,
): Promise<string[]> {
  const axes = Object.keys(figure.axes);
  const tables = [
    ...SERIES.map((series) => ({ file: series.file, rows: readSeries(series, out, axes) })),
    { file: MISSING, rows: missingCells(figure, missing) },
  ];
  const names: string[] = [];
  for (const file of figure.plots) {
    const path = join(folder, file);
    const source = readJson(path, `it is listed in plots of ${join(folder, 'figure.json')}`);
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw new UserError(`${path}: is not an object; expected a Vega-Lite specification`);
    }
    const text = JSON.stringify(source);
    const spec = tables.reduce(
      (plain, table) =>
        table.rows !== null && text.includes(table.file)
          ? withTable(plain, table.file, table.rows)
          : plain,
      decorate(source as Spec, figure, rows, origin),
    );
    const svg = await toSvg(spec, path, { emptyPanels });
    const name = basename(file, '.vl.json');
    const base = join(out, name);
    writeAtomic(`${base}.vl.json`, toJson(spec));
    writeAtomic(`${base}.svg`, `${svg}\n`);
    writeAtomic(`${base}.png`, toPng(svg));
    writeAtomic(`${base}.html`, toHtml(`${figure.paper} ${name}`, spec, svg));
    names.push(name);
  }
  return names;
}

/** A GPU's name from its specification; one without a specification (a measured one) keeps its id. */
export function gpuName(id: string): string {
  const path = join(NATIVE, 'gpus', `${id}.json`);
  const specification = existsSync(path) ? (readJson(path) as { name?: unknown }) : {};
  return typeof specification.name === 'string' ? specification.name : id;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const args = stepArgs(parse(process.argv.slice(2)));
    for (const name of await plot(args))
      console.log(`plot: ${join(args.out, name)}.{vl.json,svg,png,html}`);
  });
}
