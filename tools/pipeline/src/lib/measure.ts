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
  ITERATIONS_APART,
  parseMetric,
  quantile,
  type Memory,
  SYSTEM_THROUGHPUT,
  unitOf,
  type Metric,
  type Use,
} from './metric-names.ts';
import { cellsOf, clientNames, idsOf, metricClients, planIdFor, type Cell } from './plans.ts';
import { Random } from './random.ts';
import type { ClientRecords, Summary } from './raw.ts';
import { mean, percentileSorted } from './stats.ts';
import { BYTES_PER_GIB, NS_PER_MS, NS_PER_S } from './units.ts';

/** A p99 from fewer requests a cell, or fewer runs, is marked: it rests on a handful of requests. */
export const P99_REQUESTS = 1000;
export const P99_RUNS = 3;

/** What a plan's records give for one axis: its client, or its copies together; times sorted, in ms. */
export interface RunSample {
  latency: Float64Array;
  service: Float64Array;
  wait: Float64Array;
  throughput: number;
  /** Completed requests, or iterations with the unfinished part of the last one. */
  iterations: number;
  /** Mean use of the client's GPU; absent where the plan did not ask for it. */
  use?: Record<Use, number>;
  /** Of the memory of the client's GPU; absent likewise. */
  memory?: Record<Memory, number>;
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

/** A client's records and summary as the sample that metrics are computed from. */
export function toSample(records: ClientRecords, summary: Summary, client: string): RunSample {
  const { response, service, wait } = records;
  const toMs = (ns: Float64Array): Float64Array => ns.map((value) => value / NS_PER_MS).sort();
  const totals = summary.clients.find(({ name }) => name === client);
  const iterations = totals?.iterations_in_window ?? 0;
  const window = totals?.window_ns ?? summary.duration_ns;
  // Clients that run isolated have a GPU each.
  const gpus = summary.utilization ?? [];
  const own = summary.clients.findIndex(({ name }) => name === client);
  const use = gpus[gpus.length > 1 ? own : 0];
  const memories = summary.memory ?? [];
  const memory = memories[memories.length > 1 ? own : 0];
  return {
    latency: toMs(response),
    service: toMs(service),
    wait: toMs(wait),
    throughput: iterations / (window / NS_PER_S),
    iterations,
    ...(use === undefined ? {} : { use }),
    ...(memory === undefined ? {} : { memory: memoryOf(memory) }),
  };
}

function memoryOf(memory: NonNullable<Summary['memory']>[number]): Record<Memory, number> {
  const { peaks_bytes, live_max_bytes, held_max_bytes } = memory;
  return {
    live_mean: memory.live_mean_bytes / BYTES_PER_GIB,
    live_max: live_max_bytes / BYTES_PER_GIB,
    held_max: held_max_bytes / BYTES_PER_GIB,
    peaks: peaks_bytes / BYTES_PER_GIB,
    live_max_share: live_max_bytes / peaks_bytes,
    held_max_share: held_max_bytes / peaks_bytes,
    over_budget: memory.over_budget_ns / NS_PER_MS,
  };
}

/** The samples of several clients as one: all their requests, and their throughput together. */
export function pooled(samples: readonly RunSample[]): RunSample {
  const [first] = samples;
  if (first !== undefined && samples.length === 1) return first;
  const together = (quantity: 'latency' | 'service' | 'wait'): Float64Array =>
    Float64Array.from(samples.flatMap((sample) => [...sample[quantity]])).sort();
  const sum = (field: 'throughput' | 'iterations'): number =>
    samples.reduce((total, sample) => total + sample[field], 0);
  return {
    latency: together('latency'),
    service: together('service'),
    wait: together('wait'),
    throughput: sum('throughput'),
    iterations: sum('iterations'),
    ...(first?.use === undefined ? {} : { use: meanUse(samples) }),
    // Clients that share a GPU have its memory in common; of several GPUs it is the first client's.
    ...(first?.memory === undefined ? {} : { memory: first.memory }),
  };
}

/** Of the GPUs of these clients, which may be one. */
function meanUse(samples: readonly RunSample[]): Record<Use, number> {
  const of = (use: Use): number => mean(samples.map((sample) => sample.use?.[use] ?? NaN));
  return {
    sm_busy: of('sm_busy'),
    occupancy: of('occupancy'),
    compute: of('compute'),
    dram: of('dram'),
  };
}

/** Every measurement of a figure that has records: cells first, then ratios, then means. */
export function measure(figure: FigureDefinition, samples: Samples): Measurement[] {
  const clients = metricClients(figure);
  const asked = figure.metrics.flatMap((name) => parseMetric(name, clients) ?? []);
  // Each client of a group for itself: two jobs at half their speed are one job's worth of work, whatever they run.
  const single = singleClients(figure);
  const combined = asked.flatMap((metric) => combination(metric, single) ?? []);
  const ofClients = [
    ...asked.filter((metric) => combination(metric, single) === null),
    ...combined.flatMap(({ of }) => of.flatMap((name) => parseMetric(name, single) ?? [])),
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
      const present = new Set([...clients, ...clientNames(entry, cell)]);
      for (const metric of plain.values()) {
        if (!present.has(metric.client)) continue;
        results.push(...measureCell(figure, entry, cell, metric, samples, replicatesOf, choicesOf));
      }
    }
  }
  results.push(...ratios(figure, ofClients, results));
  const clientsIn = clientCounts(figure);
  results.push(...combined.flatMap((combine) => combinations(combine, clientsIn, results)));
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
  const runs = figure.seeds.flatMap((seed) => {
    const plan = planIdFor(entry, cell, metric.client, seed);
    const sample = samples(entry, plan, metric.client);
    return sample === null
      ? []
      : [{ sample, replicates: replicatesOf(entry, plan, metric, sample) }];
  });
  if (runs.length === 0) return [];
  const perRun = runs.map(({ sample }) => statistic(sample, metric));
  const n = runs.reduce(
    (sum, { sample }) =>
      sum + (metric.statistic === null ? sample.iterations : sample.latency.length),
    0,
  );
  const measurement = {
    entry,
    cell: idsOf(cell),
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
  if (metric.use !== undefined) return sample.use?.[metric.use] ?? NaN;
  if (metric.memory !== undefined) return sample.memory?.[metric.memory] ?? NaN;
  if (metric.quantity === 'iterations') return sample.iterations;
  if (metric.statistic === null) return sample.throughput;
  const values = timesOf(sample, metric);
  if (values.length === 0) return NaN;
  const q = quantile(metric.statistic);
  return q === null ? mean(values) : percentileSorted(values, q);
}

function timesOf(sample: RunSample, metric: Metric): Float64Array {
  const { quantity } = metric;
  return quantity === 'latency' || quantity === 'service' || quantity === 'wait'
    ? sample[quantity]
    : sample.latency;
}

function withinRun(sample: RunSample, metric: Metric, random: Random): Float64Array {
  if (metric.statistic === null) return constantReplicates(statistic(sample, metric));
  const values = timesOf(sample, metric);
  if (values.length === 0) return constantReplicates(NaN);
  // Drawing again never exceeds the largest value: its interval is that of the runs.
  if (metric.statistic === 'max') return constantReplicates(statistic(sample, metric));
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

/** Every client by the name that its throughput is counted under: axes, and each member of a group. */
function singleClients(figure: FigureDefinition): string[] {
  const names = figure.systems.flatMap((entry) =>
    cellsOf(figure, entry).flatMap((cell) => clientNames(entry, cell)),
  );
  return [...new Set(names)];
}

/** How many clients the cell of a measurement has under its entry. */
function clientCounts(figure: FigureDefinition): (m: Measurement) => number {
  const key = (entry: SystemEntry, cell: Record<string, string>): string =>
    JSON.stringify([entry.id, cell]);
  const counts = new Map(
    figure.systems.flatMap((entry) =>
      cellsOf(figure, entry).map((cell): [string, number] => [
        key(entry, idsOf(cell)),
        clientNames(entry, cell).length,
      ]),
    ),
  );
  return ({ entry, cell }) => counts.get(key(entry, cell)) ?? 0;
}

/** A metric of all clients together: which metrics of theirs it is made of, and how. */
interface Combination {
  metric: Metric;
  of: string[];
  from: (values: readonly number[]) => number;
}

/** How a metric combines those of the clients; null for one that is of a client itself. */
function combination(metric: Metric, clients: readonly string[]): Combination | null {
  switch (metric.name) {
    case SYSTEM_THROUGHPUT:
      return {
        metric,
        of: clients.map((client) => `${client}_throughput_ratio`),
        from: (values) => values.reduce((sum, value) => sum + value, 0),
      };
    case ITERATIONS_APART:
      return {
        metric,
        of: clients.map((client) => `${client}_iterations`),
        from: (values) => Math.max(...values) - Math.min(...values),
      };
    default:
      return null;
  }
}

/** One metric made of others: of each system in each cell where all clients of the cell are measured. */
function combinations(
  { metric, of, from }: Combination,
  clientsIn: (m: Measurement) => number,
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
    if (first === undefined || group.length < clientsIn(first)) return [];
    return {
      ...first,
      metric,
      value: from(group.map((m) => m.value)),
      replicates: first.replicates.map((_, b) => from(group.map((m) => m.replicates[b] ?? NaN))),
      perRun: [],
      n: group.reduce((sum, m) => sum + m.n, 0),
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
  const name = metric.name.slice(0, -'_ratio'.length);
  return { ...metric, name, ratio: false, unit: unitOf(metric, false) };
}

function cellKey(cell: Record<string, string>): string {
  return JSON.stringify(cell);
}
