/**
 * From records to values with intervals: every metric of every system and cell.
 *
 * The value of a cell is the mean over its runs of the run's own statistic (as the artifacts compute it);
 * its interval comes from the two-level bootstrap. Ratios and means combine the bootstrap values of what
 * they are made of, so their intervals know that seeds and a baseline are shared.
 */

import {
  constantReplicates,
  meanReplicates,
  overRuns,
  percentileReplicates,
  runChoices,
} from './bootstrap.ts';
import type { FigureDefinition, SystemEntry } from './figure-schema.ts';
import { MEAN } from './figure.ts';
import {
  parseMetric,
  quantile,
  SYSTEM_THROUGHPUT,
  type Counter,
  type Metric,
} from './metric-names.ts';
import { cellsOf, planIdFor, type Cell } from './plans.ts';
import { Random } from './random.ts';
import type { ClientRecords, Summary } from './raw.ts';
import { mean, percentileSorted } from './stats.ts';

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;
/** A p99 from fewer requests a cell, or fewer runs, is marked: it rests on a handful of requests. */
export const P99_REQUESTS = 1000;
export const P99_RUNS = 3;

/** What a plan's records give for one axis: its client, or its copies together; times sorted, in ms. */
export interface RunSample {
  latency: Float64Array;
  service: Float64Array;
  throughput: number;
  /** Completed requests, or iterations with the unfinished part of the last one. */
  iterations: number;
  /** Of the whole run. */
  counters?: Summary['counters'];
}

/** Finds the sample of a client in a plan of a system entry; null for a plan without records. */
export type Samples = (entry: SystemEntry, planId: string, client: string) => RunSample | null;

/** One metric of one system in one cell, with what intervals and tables need. */
export interface Measurement {
  entry: SystemEntry;
  cell: Record<string, string>;
  metric: Metric;
  value: number;
  replicates: Float64Array;
  /** The run values behind `value`, in the order of the seeds; empty for ratios and means. */
  perRun: number[];
  n: number;
  seeds: number;
  notes: string[];
}

/** Records and summary of an axis's clients as the sample that metrics are computed from. */
export function toSample(
  records: ReadonlyMap<string, ClientRecords>,
  summary: Summary,
  clients: readonly string[],
): RunSample {
  const toMs = (pick: (records: ClientRecords) => Float64Array): Float64Array => {
    const parts = clients.flatMap((client) => records.get(client) ?? []).map(pick);
    const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(part, at);
      at += part.length;
    }
    return all.map((value) => value / NS_PER_MS).sort();
  };
  const totals = summary.clients.filter(({ name }) => clients.includes(name));
  const perSecond = totals.map(
    ({ iterations_in_window, window_ns }) =>
      iterations_in_window / ((window_ns ?? summary.duration_ns) / NS_PER_S),
  );
  return {
    latency: toMs(({ response }) => response),
    service: toMs(({ service }) => service),
    throughput: perSecond.reduce((sum, value) => sum + value, 0),
    iterations: totals.reduce((sum, client) => sum + client.iterations_in_window, 0),
    counters: summary.counters,
  };
}

/** Every measurement of a figure that has records: cells first, then ratios, then means. */
export function measure(figure: FigureDefinition, samples: Samples): Measurement[] {
  const clients = Object.keys(figure.axes);
  const asked = figure.metrics.flatMap((name) => parseMetric(name, clients) ?? []);
  const together = asked.find(({ name }) => name === SYSTEM_THROUGHPUT);
  const throughputs = together === undefined ? [] : clients.map((c) => `${c}_throughput_ratio`);
  const ofClients = [
    ...asked.filter((metric) => metric !== together),
    ...throughputs.flatMap((name) => parseMetric(name, clients) ?? []),
  ].filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i);
  const plain = new Map(
    ofClients.map((metric) => [withoutRatio(metric).name, withoutRatio(metric)]),
  );
  const choices = new Map<number, Uint16Array>();
  const choicesOf = (runs: number): Uint16Array => {
    let chosen = choices.get(runs);
    if (chosen === undefined) {
      chosen = runChoices(runs, new Random(`${figure.paper}/${figure.id} runs`));
      choices.set(runs, chosen);
    }
    return chosen;
  };

  const cache = new Map<string, Float64Array>();
  const replicatesOf = (
    entry: SystemEntry,
    plan: string,
    metric: Metric,
    sample: RunSample,
  ): Float64Array => {
    const key = `${figure.paper}/${figure.id}/${entry.id}/${plan}/${metric.name}`;
    let replicates = cache.get(key);
    if (replicates === undefined) {
      replicates = withinRun(sample, metric, new Random(key));
      cache.set(key, replicates);
    }
    return replicates;
  };

  const results: Measurement[] = [];
  for (const entry of figure.systems) {
    for (const cell of cellsOf(figure, entry)) {
      for (const metric of plain.values()) {
        results.push(...measureCell(figure, entry, cell, metric, samples, replicatesOf, choicesOf));
      }
    }
  }
  results.push(...ratios(figure, ofClients, results));
  if (together !== undefined) results.push(...sums(together, throughputs, results));
  results.push(
    ...(figure.means ?? []).flatMap((axis) => means(axis, figure.axes[axis]?.length ?? 0, results)),
  );
  const order = new Map(figure.metrics.map((name, i) => [name, i]));
  const wanted = results.filter(({ metric }) => order.has(metric.name));
  const rank = (m: Measurement): number => order.get(m.metric.name) ?? 0;
  // The sort is stable: within a metric, cells keep their order.
  return figure.systems.flatMap((entry) =>
    wanted.filter((m) => m.entry === entry).sort((a, b) => rank(a) - rank(b)),
  );
}

function measureCell(
  figure: FigureDefinition,
  entry: SystemEntry,
  cell: Cell,
  metric: Metric,
  samples: Samples,
  replicatesOf: (
    entry: SystemEntry,
    plan: string,
    metric: Metric,
    sample: RunSample,
  ) => Float64Array,
  choicesOf: (runs: number) => Uint16Array,
): Measurement[] {
  const counter = metric.quantity === 'counter';
  // Clients alone are several runs, of which none has the counters of the cell.
  if (counter && entry.alone === true) return [];
  const client = counter ? figure.until : metric.client;
  const runs = figure.seeds.flatMap((seed) => {
    const plan = planIdFor(entry, cell, client, seed);
    const sample = samples(entry, plan, client);
    return sample === null || (counter && counted(sample, metric) === undefined)
      ? []
      : [{ sample, replicates: replicatesOf(entry, plan, metric, sample) }];
  });
  if (runs.length === 0) return [];
  const perRun = runs.map(({ sample }) => statistic(sample, metric));
  const n = runs.reduce(
    (sum, { sample }) =>
      sum + (metric.quantity === 'throughput' ? sample.iterations : sample.latency.length),
    0,
  );
  const measurement = {
    entry,
    cell: Object.fromEntries(Object.entries(cell).map(([axis, value]) => [axis, value.id])),
    metric,
    value: mean(perRun),
    replicates: overRuns(
      runs.map((run) => run.replicates),
      choicesOf(runs.length),
    ),
    perRun,
    n: Math.round(n),
    seeds: runs.length,
    notes: marks(
      metric,
      runs.map((run) => run.sample),
      figure.seeds.length,
    ),
  };
  return [measurement];
}

/** The metric of one run. */
export function statistic(sample: RunSample, metric: Metric): number {
  if (metric.quantity === 'counter') return counted(sample, metric) ?? NaN;
  if (metric.statistic === null) return sample.throughput;
  const values = metric.quantity === 'service' ? sample.service : sample.latency;
  if (values.length === 0) return NaN;
  const q = quantile(metric.statistic);
  return q === null ? mean(values) : percentileSorted(values, q);
}

/** A counter of the run; undefined on a GPU that does not count it. */
function counted(sample: RunSample, metric: Metric): number | undefined {
  return sample.counters?.[metric.name as Counter];
}

function withinRun(sample: RunSample, metric: Metric, random: Random): Float64Array {
  if (metric.statistic === null) return constantReplicates(statistic(sample, metric));
  const values = metric.quantity === 'service' ? sample.service : sample.latency;
  if (values.length === 0) return constantReplicates(NaN);
  const q = quantile(metric.statistic);
  return q === null ? meanReplicates(values, random) : percentileReplicates(values, q, random);
}

/** What makes a value too thin for a conclusion. */
function marks(metric: Metric, samples: readonly RunSample[], wanted: number): string[] {
  const notes: string[] = [];
  if (samples.length < wanted)
    notes.push(`${String(samples.length)} of ${String(wanted)} runs measured`);
  if (samples.length < 2)
    notes.push('one run: the interval does not cover the spread between runs');
  if (metric.statistic !== 'p99') return notes;
  const requests = samples.reduce((sum, sample) => sum + sample.latency.length, 0);
  if (requests < P99_REQUESTS) {
    notes.push(`p99 of ${String(requests)} requests a cell, fewer than ${String(P99_REQUESTS)}`);
  }
  if (samples.length === 2) notes.push(`p99 of 2 runs, fewer than ${String(P99_RUNS)}`);
  return notes;
}

/** Each asked-for ratio: a system's cell over the baseline's. */
function ratios(
  figure: FigureDefinition,
  asked: readonly Metric[],
  measured: readonly Measurement[],
): Measurement[] {
  return asked
    .filter((metric) => metric.ratio)
    .flatMap((metric) => {
      const plain = withoutRatio(metric).name;
      const of = measured.filter((m) => m.metric.name === plain);
      const base = new Map(
        of.filter((m) => m.entry.id === figure.baseline).map((m) => [cellKey(m.cell), m]),
      );
      return of.flatMap((m) => {
        const reference = base.get(cellKey(m.cell));
        if (reference === undefined) return [];
        return {
          ...m,
          metric,
          value: m.value / reference.value,
          replicates: m.replicates.map((value, b) => value / (reference.replicates[b] ?? NaN)),
          perRun: [],
          notes: [...new Set([...m.notes, ...reference.notes])],
        };
      });
    });
}

/** One metric as the sum of others: of each system in each cell where all of them are measured. */
function sums(
  metric: Metric,
  of: readonly string[],
  measured: readonly Measurement[],
): Measurement[] {
  const groups = new Map<string, Measurement[]>();
  for (const m of measured) {
    if (!of.includes(m.metric.name)) continue;
    const key = JSON.stringify([m.entry.id, m.cell]);
    groups.set(key, [...(groups.get(key) ?? []), m]);
  }
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined || group.length < of.length) return [];
    const total = (pick: (m: Measurement) => number): number =>
      group.reduce((sum, m) => sum + pick(m), 0);
    return {
      ...first,
      metric,
      value: total((m) => m.value),
      replicates: first.replicates.map((_, b) => total((m) => m.replicates[b] ?? NaN)),
      perRun: [],
      n: total((m) => m.n),
      notes: [...new Set(group.flatMap((m) => m.notes))],
    };
  });
}

/** Each measurement averaged over an axis, where all its values are measured: other means would not compare. */
function means(axis: string, values: number, measured: readonly Measurement[]): Measurement[] {
  const groups = new Map<string, Measurement[]>();
  for (const m of measured) {
    const key = JSON.stringify([m.entry.id, m.metric.name, { ...m.cell, [axis]: MEAN }]);
    groups.set(key, [...(groups.get(key) ?? []), m]);
  }
  return [...groups.values()].flatMap((group) => {
    const first = group[0];
    if (first === undefined || group.length < values) return [];
    return {
      ...first,
      cell: { ...first.cell, [axis]: MEAN },
      value: mean(group.map((m) => m.value)),
      replicates: first.replicates.map((_, b) => mean(group.map((m) => m.replicates[b] ?? NaN))),
      perRun: [],
      n: group.reduce((sum, m) => sum + m.n, 0),
      notes: [...new Set(group.flatMap((m) => m.notes))],
    };
  });
}

function withoutRatio(metric: Metric): Metric {
  if (!metric.ratio) return metric;
  const unit = metric.quantity === 'throughput' ? '1/s' : 'ms';
  return { ...metric, name: metric.name.slice(0, -'_ratio'.length), ratio: false, unit };
}

function cellKey(cell: Record<string, string>): string {
  return JSON.stringify(cell);
}
