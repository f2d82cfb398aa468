/**
 * Runs of the artifact as tidy results of a figure: the same cells, metrics, means and ratios, computed by the same
 * code as ours. The artifact's files hold one value a run where ours hold requests, so a run's sample is that one
 * value, intervals come from the spread between runs alone, and what needs requests (means, service times) is absent.
 */
import type {
  FigureDefinition,
  SystemEntry,
} from '../../../tools/pipeline/src/lib/figure-schema.ts';
import { interval } from '../../../tools/pipeline/src/lib/bootstrap.ts';
import { measure, type RunSample } from '../../../tools/pipeline/src/lib/measure.ts';
import {
  parseMetric,
  type Metric,
  type Statistic,
} from '../../../tools/pipeline/src/lib/metric-names.ts';
import { cells, planIdFor } from '../../../tools/pipeline/src/lib/plans.ts';
import type { ResultRow } from '../../../tools/pipeline/src/lib/results.ts';
import { axisValue, type Job, type JobResult } from './results-folder.ts';

const NOTE = 'requests not counted by the artifact: the interval is that of runs';

/** The figure with an entry for each imported system in the place of its own entries. */
export function importedFigure(
  figure: FigureDefinition,
  results: readonly JobResult[],
): FigureDefinition {
  const systems = [...new Set(results.map(({ system }) => system))];
  const entries = systems.flatMap((system): SystemEntry[] => {
    const own = figure.systems.find(({ id }) => id === system);
    if (own === undefined) return [];
    const { id, label, system: name, alone } = own;
    const entry = { id: `${id}-imported`, label: `${label}, imported`, system: name };
    return [alone === undefined ? entry : { ...entry, alone }];
  });
  const runs = Math.max(...results.map(({ run }) => run));
  return {
    ...figure,
    systems: entries,
    ...(figure.baseline === undefined ? {} : { baseline: `${figure.baseline}-imported` }),
    seeds: Array.from({ length: runs + 1 }, (_, run) => run),
  };
}

/** Tidy rows of an imported figure. `gpu` is what the artifact ran on. */
export function importedRows(
  figure: FigureDefinition,
  results: readonly JobResult[],
  gpu: string,
): ResultRow[] {
  const byPlan = indexed(figure, results);
  const clients = Object.keys(figure.axes);
  const metrics = figure.metrics.flatMap((name) => parseMetric(name, clients) ?? []);
  return metrics
    .filter(({ statistic }) => statistic !== 'mean')
    .flatMap((metric) =>
      measure({ ...figure, metrics: [metric.name] }, (entry, plan, client) =>
        sampleOf(byPlan.get(key(entry.id, plan, client)), metric),
      ),
    )
    .filter(({ metric, entry }) => !(metric.ratio && entry.id === figure.baseline))
    .map((m) => {
      const [ci_low, ci_high] = interval(m.replicates);
      const notes = m.notes.filter((note) => !/^p99 of \d+ requests/.test(note));
      return {
        figure: figure.id,
        system: m.entry.id,
        cell: m.cell,
        metric: m.metric.name,
        value: m.value,
        ...{ ci_low, ci_high, n: 0, unit: m.metric.unit, seeds: m.seeds },
        ...{ lane: 'imported', gpu, label: 'imported', note: [...notes, NOTE].join('; ') },
      };
    });
}

/** A job's files by the plan that would have made them. */
function indexed(figure: FigureDefinition, results: readonly JobResult[]): Map<string, JobResult> {
  const byPlan = new Map<string, JobResult>();
  for (const result of results) {
    const entry = figure.systems.find(({ id }) => id === `${result.system}-imported`);
    if (entry === undefined) continue;
    const wanted = Object.entries(result.models).map(
      ([job, name]) => [job, axisValue(result.file, name, figure.axes[job] ?? []).id] as const,
    );
    for (const cell of cells(figure)) {
      if (wanted.some(([job, id]) => cell[job]?.id !== id)) continue;
      byPlan.set(key(entry.id, planIdFor(entry, cell, result.job, result.run), result.job), result);
    }
  }
  return byPlan;
}

function key(entry: string, plan: string, client: string): string {
  return `${entry}/${plan}/${client}`;
}

/** One run's value as a sample of one request; null where the artifact has no such number. */
function sampleOf(result: JobResult | undefined, metric: Metric): RunSample | null {
  if (result === undefined) return null;
  const { statistic, quantity } = metric;
  const none = new Float64Array();
  const sample = {
    ...{ latency: none, service: none, wait: none },
    ...{ throughput: result.throughput, iterations: 0 },
  };
  if (quantity === 'throughput') return sample;
  const value =
    quantity === 'latency' && statistic !== null && statistic !== 'mean'
      ? (result.latency as Partial<Record<Statistic, number>>)[statistic]
      : undefined;
  return value === undefined ? null : { ...sample, latency: Float64Array.of(value) };
}

/** Cells of the figure without a file, as "system: hp beside be", for the user to see. */
export function absentCells(figure: FigureDefinition, results: readonly JobResult[]): string[] {
  const byPlan = indexed(figure, results);
  const jobs: Job[] = ['hp', 'be'];
  return figure.systems.flatMap((entry) =>
    cells(figure)
      .filter((cell) =>
        jobs.some((job) =>
          figure.seeds.every(
            (run) => !byPlan.has(key(entry.id, planIdFor(entry, cell, job, run), job)),
          ),
        ),
      )
      .map((cell) => `${entry.id}: ${cell['hp']?.label ?? ''} beside ${cell['be']?.label ?? ''}`),
  );
}
