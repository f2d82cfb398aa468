/**
 * gather: from records to results.csv with intervals, and to tables in an artifact's own layout. The records are
 * those of the run step or, in lane `measured`, those of the repository; what was not measured is in missing.csv.
 *
 * Reads the figure's systems, seeds, axes, cuda, baseline, metrics, means, tables, winners and the series that it asks for;
 * never its plots or claims.
 * Also writes run.json: who computed the records, when and from what.
 */

import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { interval } from './lib/bootstrap.ts';
import { main, UserError } from './lib/errors.ts';
import { codeInputs } from './lib/digest.ts';
import type { FigureDefinition } from './lib/figure-schema.ts';
import { loadFigure } from './lib/figure.ts';
import { readJson, toJson, writeAtomic } from './lib/files.ts';
import { gatherInputs } from './lib/gather-inputs.ts';
import { laneFigure } from './lib/lane-figure.ts';
import type { Measurement } from './lib/measure.ts';
import { measureRecords } from './lib/measure-records.ts';
import { writeMissing } from './lib/missing.ts';
import { measuredFolder } from './lib/paths.ts';
import { runUnits } from './lib/plans.ts';
import { readRecord, startRecord } from './lib/provenance.ts';
import type { Summary } from './lib/raw.ts';
import { packedRecords, rawRecords, type RecordSource } from './lib/records.ts';
import { resultsToCsv, type ResultRow } from './lib/results.ts';
import { writeSeries } from './lib/series.ts';
import { tableFor } from './lib/tables.ts';
import { writeWinners } from './lib/winners.ts';

/** Writes results.csv, missing.csv, the figure's series and tables and run.json; returns the number of result rows. */
export function gather(args: StepArgs): number {
  const finish = startRecord(args.out, 'gather');
  const figure = laneFigure(loadFigure(args.figure), args);
  const clients = Object.keys(figure.axes);
  const source = sourceOf(args, figure);
  const { summaries, measured, missing } = measureRecords(figure, source);
  const rows = measured.map((m) => toRow(figure, m, summaries));
  for (const row of rows) {
    if (Number.isFinite(row.value)) continue;
    const cell = Object.values(row.cell).join(', ');
    throw new UserError(
      `${args.out}: ${row.metric} of ${row.system} (${cell}) has no value: no request completed; ` +
        'run longer, or drop the metric',
    );
  }
  writeAtomic(join(args.out, 'results.csv'), resultsToCsv(clients, rows));
  writeMissing(args.out, clients, missing);
  writeSeries(args.out, figure, source);
  writeWinners(args.out, figure, measured, missing);
  for (const table of figure.tables ?? []) {
    for (const entry of figure.systems) {
      const { file, content } = tableFor(figure, table, entry, measured);
      writeAtomic(join(args.out, file), content);
    }
  }
  writeAtomic(
    join(args.out, 'run.json'),
    toJson(provenance(figure, args, [...summaries.values()].flat())),
  );
  finish({ ...gatherInputs(figure, args), ...codeInputs(fileURLToPath(import.meta.url)) });
  return rows.length;
}

/** Where the records of this lane lie. */
function sourceOf(args: StepArgs, figure: FigureDefinition): RecordSource {
  return args.lane === 'measured'
    ? packedRecords(measuredFolder(args.figure, figure.gpu))
    : rawRecords(args.out, args.lane === 'cuda');
}

function toRow(
  figure: FigureDefinition,
  m: Measurement,
  summaries: Map<string, Summary[]>,
): ResultRow {
  const ofEntry = summaries.get(m.entry.id) ?? [];
  const [low, high] = interval(m.replicates);
  return {
    figure: figure.id,
    system: m.entry.id,
    cell: m.cell,
    metric: m.metric.name,
    value: m.value,
    ci_low: low,
    ci_high: high,
    n: m.n,
    unit: m.metric.unit,
    seeds: m.seeds,
    lane: common(ofEntry.map((summary) => summary.lane)),
    // A real GPU is named as it names itself; a simulated one by its specification.
    gpu: common(ofEntry.map((summary) => summary.machine?.gpu.name ?? summary.gpu)),
    label: common(ofEntry.map((summary) => summary.label)),
    note: m.notes.join('; '),
  };
}

/** The one value, or all of them: numbers of different origin must not look alike. */
function common(values: readonly string[]): string {
  return [...new Set(values)].sort().join(' + ');
}

/** run.json: what the results were computed from, for people; no step reads it. */
function provenance(
  figure: FigureDefinition,
  args: StepArgs,
  summaries: readonly Summary[],
): unknown {
  return {
    figure: `${figure.paper}/${figure.id}`,
    lane: args.lane,
    plans: args.plans,
    quick: args.quick,
    gpu: figure.gpu,
    label: common(summaries.map((summary) => summary.label)),
    seeds: figure.seeds,
    systems: figure.systems.map(({ id, system, params }) => ({ id, system, params })),
    ...(args.lane === 'measured'
      ? { measured: readJson(join(measuredFolder(args.figure, figure.gpu), 'provenance.json')) }
      : { runs: runUnits(figure).map(({ name }) => readRecord(args.out, 'run', name)) }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const args = stepArgs(parse(process.argv.slice(2)));
    console.log(`gather: ${String(gather(args))} results in ${join(args.out, 'results.csv')}`);
  });
}
