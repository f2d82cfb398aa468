/**
 * gather: from raw records to results.csv with intervals, and to tables in an artifact's own layout.
 *
 * Reads the figure's systems, seeds, axes, baseline, metrics, means and tables; never its titles, plots or claims.
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
import { toJson, writeAtomic } from './lib/files.ts';
import { gatherInputs } from './lib/gather-inputs.ts';
import { measure, toSample, type Measurement, type RunSample } from './lib/measure.ts';
import { effectiveFigure, plansOf } from './lib/plans.ts';
import { readRecord, startRecord } from './lib/provenance.ts';
import { rawPath, readRecords, readSummary, type Summary } from './lib/raw.ts';
import { resultsToCsv, type ResultRow } from './lib/results.ts';
import { tableFor } from './lib/tables.ts';

/** Writes results.csv, the figure's tables and run.json; returns the number of result rows. */
export function gather(args: StepArgs): number {
  const finish = startRecord(args.out, 'gather');
  const figure = effectiveFigure(loadFigure(args.figure), args.quick);
  const clients = Object.keys(figure.axes);
  const { summaries, samples } = readRaw(figure, args.out);
  const measured = measure(figure, (entry, plan, client) => {
    const sample = samples.get(`${entry.id}/${plan}/${client}`);
    if (sample === undefined) {
      throw new UserError(
        `${rawPath(args.out, entry.id, plan)}.csv: no client "${client}"; run ${entry.id} again`,
      );
    }
    return sample;
  });
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
  finish({ ...gatherInputs(figure, args.out), ...codeInputs(fileURLToPath(import.meta.url)) });
  return rows.length;
}

/** Reads the records of every plan; samples by "<system entry>/<plan id>/<client>". */
function readRaw(
  figure: FigureDefinition,
  out: string,
): { summaries: Map<string, Summary[]>; samples: Map<string, RunSample> } {
  const summaries = new Map<string, Summary[]>();
  const samples = new Map<string, RunSample>();
  for (const entry of figure.systems) {
    const ofEntry: Summary[] = [];
    for (const { id: plan } of plansOf(figure, entry)) {
      const path = rawPath(out, entry.id, plan);
      const summary = readSummary(`${path}.json`);
      if (summary.plan !== plan || summary.system !== entry.system) {
        throw new UserError(
          `${path}.json: is about plan ${summary.plan} under ${summary.system}; ` +
            `expected ${plan} under ${entry.system}: run ${entry.id} again`,
        );
      }
      ofEntry.push(summary);
      for (const [client, records] of readRecords(`${path}.csv`, summary)) {
        samples.set(`${entry.id}/${plan}/${client}`, toSample(records, summary, client));
      }
    }
    summaries.set(entry.id, ofEntry);
  }
  return { summaries, samples };
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
    gpu: common(ofEntry.map((summary) => summary.gpu)),
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
    quick: args.quick,
    gpu: figure.gpu,
    label: common(summaries.map((summary) => summary.label)),
    seeds: figure.seeds,
    systems: figure.systems.map(({ id, system, params }) => ({ id, system, params })),
    runs: figure.systems.map((entry) => readRecord(args.out, 'run', entry.id)),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const args = stepArgs(parse(process.argv.slice(2)));
    console.log(`gather: ${String(gather(args))} results in ${join(args.out, 'results.csv')}`);
  });
}
