/**
 * What a metric's name means: <client>_<quantity>[_<statistic>][_ratio].
 *
 *   hp_latency_p99        response time of client hp, from scheduled arrival to completion, in ms
 *   hp_service_mean       service time, from the first op's dispatch to completion, in ms
 *   be_throughput         completed requests or iterations per second of the measured window
 *   hp_latency_p99_ratio  the same, over the figure's baseline entry
 *
 * and those that belong to no client:
 *
 *   system_throughput     each client's throughput over the baseline's, added up
 *   sm_busy, dram_busy    shares of the simulated GPU's SMs, and of its DRAM bandwidth, that were in use
 */

export const QUANTITIES = ['latency', 'service', 'throughput', 'counter'] as const;
export const STATISTICS = ['p50', 'p90', 'p95', 'p99', 'mean'] as const;
export type Quantity = (typeof QUANTITIES)[number];
export type Statistic = (typeof STATISTICS)[number];

/** "System throughput" in the literature on multiprogramming: how much of the jobs' work alone gets done at once. */
export const SYSTEM_THROUGHPUT = 'system_throughput';

/** Counters of the simulated GPU over a whole run, as its summary names them. */
export const COUNTERS = ['sm_busy', 'dram_busy'] as const;
export type Counter = (typeof COUNTERS)[number];

export interface Metric {
  name: string;
  /** Empty for the metric of all clients together. */
  client: string;
  quantity: Quantity;
  /** Absent for throughput: a run has one. */
  statistic: Statistic | null;
  ratio: boolean;
  unit: string;
}

/** Fraction of a percentile statistic, null for the mean. */
export function quantile(statistic: Statistic): number | null {
  return statistic === 'mean' ? null : Number(statistic.slice(1)) / 100;
}

/** Every metric name that a figure with these clients can ask for. */
export function metricNames(clients: readonly string[], ratios: boolean): string[] {
  const plain = clients.flatMap((client) => [
    ...['latency', 'service'].flatMap((q) => STATISTICS.map((s) => `${client}_${q}_${s}`)),
    `${client}_throughput`,
  ]);
  return ratios
    ? [...plain.flatMap((name) => [name, `${name}_ratio`]), ...COUNTERS, SYSTEM_THROUGHPUT]
    : [...plain, ...COUNTERS];
}

/** The meaning of a name, or null if it is not a metric of these clients. */
export function parseMetric(name: string, clients: readonly string[]): Metric | null {
  if (name === SYSTEM_THROUGHPUT) {
    return { name, client: '', quantity: 'throughput', statistic: null, ratio: true, unit: 'x' };
  }
  if (COUNTERS.some((counter) => counter === name)) {
    return { name, client: '', quantity: 'counter', statistic: null, ratio: false, unit: 'share' };
  }
  if (!metricNames(clients, true).includes(name)) return null;
  const ratio = name.endsWith('_ratio');
  const plain = ratio ? name.slice(0, -'_ratio'.length) : name;
  const client = clients.find((c) => metricNames([c], false).includes(plain));
  if (client === undefined) return null;
  const [quantity, statistic] = plain.slice(client.length + 1).split('_') as [Quantity, Statistic?];
  const unit = ratio ? 'x' : quantity === 'throughput' ? '1/s' : 'ms';
  return { name, client, quantity, statistic: statistic ?? null, ratio, unit };
}
