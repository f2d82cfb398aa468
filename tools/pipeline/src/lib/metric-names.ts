/**
 * What a metric's name means: <client>_<quantity>[_<statistic>][_ratio].
 *
 *   hp_latency_p99        response time of client hp, from scheduled arrival to completion, in ms
 *   hp_service_mean       service time, from the first op's dispatch to completion, in ms
 *   hp_wait_p90           waiting time, from the head of the client's queue to the first op's dispatch, in ms
 *   be_throughput         completed requests or iterations per second of the measured window
 *   be_iterations         requests or iterations completed in the measured window, the unfinished one by its share
 *   hp_gpu_dram           mean use of the GPU that hp runs on, by whoever runs on it
 *   hp_memory_live_max    most memory in use at once on the GPU that hp runs on, likewise
 *   hp_latency_p99_ratio  the same, over the figure's baseline entry
 *
 * and two that belong to no client:
 *
 *   system_throughput     each client's throughput over the baseline's, added up
 *   iterations_apart      the most iterations of a client less the fewest; at most 1 where they are in lockstep
 */

/** What of a GPU is used, as a share: of its SMs, of their room for threads, of compute throughput, of DRAM bandwidth. */
export const USES = ['sm_busy', 'occupancy', 'compute', 'dram'] as const;
export type Use = (typeof USES)[number];
/**
 * Of a GPU's memory over the measured window: what is live (mean, most) and held (most) in GiB, the sum of the clients'
 * peaks in GiB, the first two over the latter, and how long more was held than the budget in ms.
 */
export const MEMORY = [
  ...(['live_mean', 'live_max', 'held_max', 'peaks', 'live_max_share', 'held_max_share'] as const),
  'over_budget',
] as const;
export type Memory = (typeof MEMORY)[number];
export const QUANTITIES = [
  'latency',
  'service',
  'wait',
  'throughput',
  'iterations',
  'gpu',
  'memory',
] as const;
export const STATISTICS = ['p50', 'p80', 'p90', 'p95', 'p99', 'max', 'mean'] as const;
export type Quantity = (typeof QUANTITIES)[number];
export type Statistic = (typeof STATISTICS)[number];

/** "System throughput" in the literature on multiprogramming: how much of the jobs' work alone gets done at once. */
export const SYSTEM_THROUGHPUT = 'system_throughput';

/** How far the clients are from lockstep. */
export const ITERATIONS_APART = 'iterations_apart';

export interface Metric {
  name: string;
  /** Empty for the metric of all clients together. */
  client: string;
  quantity: Quantity;
  /** Absent for throughput, iterations, use and memory: a run has one. */
  statistic: Statistic | null;
  /** Of quantity `gpu`. */
  use?: Use;
  /** Of quantity `memory`. */
  memory?: Memory;
  ratio: boolean;
  unit: string;
}

/** Fraction of a percentile statistic, null for the mean. */
export function quantile(statistic: Statistic): number | null {
  if (statistic === 'max') return 1;
  return statistic === 'mean' ? null : Number(statistic.slice(1)) / 100;
}

/** Every metric name that a figure with these clients can ask for. */
export function metricNames(clients: readonly string[], ratios: boolean): string[] {
  const plain = clients.flatMap((client) => [
    ...['latency', 'service', 'wait'].flatMap((q) => STATISTICS.map((s) => `${client}_${q}_${s}`)),
    `${client}_throughput`,
    `${client}_iterations`,
    ...USES.map((use) => `${client}_gpu_${use}`),
    ...MEMORY.map((memory) => `${client}_memory_${memory}`),
  ]);
  return ratios
    ? [...plain.flatMap((name) => [name, `${name}_ratio`]), SYSTEM_THROUGHPUT, ITERATIONS_APART]
    : plain;
}

/** The meaning of a name, or null if it is not a metric of these clients. */
export function parseMetric(name: string, clients: readonly string[]): Metric | null {
  if (name === SYSTEM_THROUGHPUT) {
    return { name, client: '', quantity: 'throughput', statistic: null, ratio: true, unit: 'x' };
  }
  if (name === ITERATIONS_APART) {
    const unit = unitOf({ quantity: 'iterations' }, false);
    return { name, client: '', quantity: 'iterations', statistic: null, ratio: false, unit };
  }
  if (!metricNames(clients, true).includes(name)) return null;
  const ratio = name.endsWith('_ratio');
  const plain = ratio ? name.slice(0, -'_ratio'.length) : name;
  const client = clients.find((c) => metricNames([c], false).includes(plain));
  if (client === undefined) return null;
  const rest = plain.slice(client.length + 1);
  const use = USES.find((of) => rest === `gpu_${of}`);
  if (use !== undefined) {
    const unit = unitOf({ quantity: 'gpu' }, ratio);
    return { name, client, quantity: 'gpu', statistic: null, use, ratio, unit };
  }
  const memory = MEMORY.find((of) => rest === `memory_${of}`);
  if (memory !== undefined) {
    const unit = unitOf({ quantity: 'memory', memory }, ratio);
    return { name, client, quantity: 'memory', statistic: null, memory, ratio, unit };
  }
  const [quantity, statistic] = rest.split('_') as [Quantity, Statistic?];
  const unit = unitOf({ quantity }, ratio);
  return { name, client, quantity, statistic: statistic ?? null, ratio, unit };
}

/** Unit of a metric of this quantity (and, of memory, of this kind). */
export function unitOf(
  { quantity, memory }: Pick<Metric, 'quantity' | 'memory'>,
  ratio: boolean,
): string {
  if (ratio) return 'x';
  if (quantity === 'throughput') return '1/s';
  if (quantity === 'iterations') return 'iterations';
  if (quantity === 'gpu' || memory?.endsWith('_share') === true) return 'share';
  return quantity === 'memory' && memory !== 'over_budget' ? 'GiB' : 'ms';
}
