import { expect, test } from '@jest/globals';
import { smallFigure } from './figure-for-test.ts';
import { measure, pooled, statistic, toSample, type RunSample } from './measure.ts';
import { parseMetric } from './metric-names.ts';
import { parseSummary, type ClientRecords, type Summary } from './raw.ts';

const MS = 1e6;

function records(...latencies: number[]): ClientRecords {
  const ns = Float64Array.from(latencies, (ms) => ms * MS);
  return { response: ns, service: ns.map((value) => value / 2), wait: ns.map(() => 0) };
}

const summary: Summary = {
  version: 1,
  plan: 'p',
  system: 'reef',
  gpu: 'gpu-a',
  lane: 'sim',
  label: 'simulated',
  seed: 1,
  duration_ns: 2e9,
  input_digest: '',
  clients: [
    { name: 'hp', requests: 2, iterations_in_window: 2 },
    { name: 'be', requests: 2, iterations_in_window: 2.5 },
    { name: 'be-2', requests: 1, iterations_in_window: 1.5, window_ns: 1e9 },
  ],
};

test('copies are pooled: all their requests, the sum of their throughputs', () => {
  const sample = pooled([
    toSample(records(5, 1), summary, 'be'),
    toSample(records(3), summary, 'be-2'),
  ]);
  expect([...sample.latency]).toEqual([1, 3, 5]);
  expect([...sample.service]).toEqual([0.5, 1.5, 2.5]);
  expect(sample.throughput).toBe(2.5 / 2 + 1.5);
  expect(sample.iterations).toBe(4);
});

test('one client is itself', () => {
  const sample = pooled([toSample(records(2, 1), summary, 'hp')]);
  expect([...sample.latency]).toEqual([1, 2]);
  expect(sample.throughput).toBe(1);
});

function sample(throughput: number, iterations = 10): RunSample {
  const times = new Float64Array([1, 2]);
  return { latency: times, service: times, wait: times, throughput, iterations };
}

test('iterations apart are how far the clients are from lockstep', () => {
  const figure = { ...smallFigure(), metrics: ['iterations_apart'], means: [] };
  const measured = measure(figure, (entry, plan, client) =>
    sample(1, entry.id === 'ideal' ? 5 : client === 'hp' ? 2 : plan.includes('bert') ? 2.5 : 8),
  );
  expect(measured.map((m) => [m.entry.id, m.cell['be'], m.value, m.metric.unit])).toEqual([
    ['ideal', 'bert', 0, 'iterations'],
    ['ideal', 'txl', 0, 'iterations'],
    ['deep', 'bert', 0.5, 'iterations'],
    ['deep', 'txl', 6, 'iterations'],
  ]);
});

test('system throughput adds up what each client does of its work alone', () => {
  const figure = { ...smallFigure(), metrics: ['system_throughput'], means: ['be'] };
  // Alone 10 and 4 a second; together 8, and 3 or 1 beside bert or txl.
  const measured = measure(figure, (entry, plan, client) => {
    if (entry.id === 'ideal') return sample(client === 'hp' ? 10 : 4);
    return sample(client === 'hp' ? 8 : plan.includes('bert') ? 3 : 1);
  });
  expect(measured.map(({ metric }) => metric.name)).toEqual(Array(6).fill('system_throughput'));
  const values = measured.map((m) => [m.entry.id, m.cell['be'], m.value, m.metric.unit, m.n]);
  expect(values).toEqual([
    ['ideal', 'bert', 2, 'x', 60],
    ['ideal', 'txl', 2, 'x', 60],
    ['ideal', 'mean', 2, 'x', 120],
    ['deep', 'bert', 0.8 + 0.75, 'x', 60],
    ['deep', 'txl', 0.8 + 0.25, 'x', 60],
    ['deep', 'mean', expect.closeTo(1.3), 'x', 120],
  ]);
});

test('of groups, system throughput adds up each member for itself', () => {
  const [ideal, deep] = smallFigure().systems;
  const [hp] = smallFigure().axes['hp'] ?? [];
  if (ideal === undefined || deep === undefined || hp?.client === undefined)
    throw new Error('small figure');
  const [one, rt] = [hp.client, { ...hp.client, requests: 5 }];
  const figure = {
    ...smallFigure(),
    systems: [
      { id: 'ideal', label: 'Ideal', system: 'ideal' },
      { ...deep, params: {} },
    ],
    axes: { mix: [{ id: 'two', label: 'Two', clients: { hp: [rt], be: [one, one] } }] },
    ...{ metrics: ['system_throughput', 'be_throughput_ratio'], means: [] },
  };
  const alone: Record<string, number> = { 'hp-1': 10, 'be-1': 100, 'be-2': 1, be: 101 };
  const shared: Record<string, number> = { 'hp-1': 9, 'be-1': 50, 'be-2': 0.1, be: 50.1 };
  const measured = measure(figure, (entry, _, client) => {
    const throughput = (entry.id === 'ideal' ? alone : shared)[client];
    return throughput === undefined ? null : sample(throughput);
  });
  expect(measured.map((m) => [m.entry.id, m.metric.name, m.value])).toEqual([
    ['ideal', 'system_throughput', 3],
    ['ideal', 'be_throughput_ratio', 1],
    // 0.9 + 0.5 + 0.1, although most of the best-effort requests are those of one member.
    ['deep', 'system_throughput', expect.closeTo(1.5)],
    ['deep', 'be_throughput_ratio', 50.1 / 101],
  ]);
});

/** Metric `name` of client be, of a run of hp and be whose summary has these fields too. */
function valueOf(name: string, fields: object): number {
  const clients = ['hp', 'be'].map((client) => ({
    name: client,
    requests: 0,
    iterations_in_window: 1,
  }));
  const read = parseSummary({ ...summary, clients, ...fields }, 'summary', '');
  const metric = parseMetric(name, ['hp', 'be']);
  if ('unavailable' in read || metric === null) throw new Error('no summary or no metric');
  return statistic(toSample(records(), read, 'be'), metric);
}

test('use is of the GPU that the client runs on', () => {
  const metric = parseMetric('be_gpu_dram', ['hp', 'be']);
  expect(metric).toMatchObject({ client: 'be', quantity: 'gpu', use: 'dram', unit: 'share' });
  const value = (gpus: number): number =>
    valueOf('be_gpu_dram', {
      utilization: Array.from({ length: gpus }, (_, gpu) => ({
        ...{ gpu, sm_busy: 0.1, occupancy: 0.2, compute: 0.3 },
        dram: gpu === 0 ? 0.4 : 0.9,
      })),
    });
  expect(value(1)).toBe(0.4); // one that is shared
  expect(value(2)).toBe(0.9); // its own
  expect(value(0)).toBeNaN(); // not counted
});

test('memory is of the GPU that the client runs on', () => {
  const value = (gpus: number, name: string): number =>
    valueOf(`be_memory_${name}`, {
      memory: Array.from({ length: gpus }, (_, gpu) => ({
        ...{ gpu, peaks_bytes: 2 ** 32, live_mean_bytes: 2 ** 29, live_max_bytes: 2 ** 30 },
        ...{ held_max_bytes: gpu === 0 ? 2 ** 31 : 2 ** 32, over_budget_ns: 5e6 },
      })),
    });
  expect(value(1, 'held_max')).toBe(2);
  expect(value(2, 'held_max')).toBe(4);
  expect(value(1, 'held_max_share')).toBe(0.5);
  expect(value(1, 'live_mean')).toBe(0.5);
  expect(value(1, 'over_budget')).toBe(5);
  expect(value(0, 'peaks')).toBeNaN();
  expect(parseMetric('be_memory_peaks', ['be'])).toMatchObject({ unit: 'GiB', memory: 'peaks' });
  expect(parseMetric('be_memory_live_max_share', ['be'])).toMatchObject({ unit: 'share' });
  expect(parseMetric('be_memory_over_budget', ['be'])).toMatchObject({ unit: 'ms' });
  expect(parseMetric('be_memory_held_max_ratio', ['be'])).toMatchObject({ unit: 'x' });
});
