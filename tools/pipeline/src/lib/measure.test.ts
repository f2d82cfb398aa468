import { expect, test } from '@jest/globals';
import { smallFigure } from './figure-for-test.ts';
import { measure, pooled, toSample, type RunSample } from './measure.ts';
import type { ClientRecords, Summary } from './raw.ts';

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

function sample(throughput: number): RunSample {
  const times = new Float64Array([1, 2]);
  return { latency: times, service: times, wait: times, throughput, iterations: 10 };
}

test('throughput spread is how far the clients are from lockstep', () => {
  const figure = { ...smallFigure(), metrics: ['throughput_spread'], means: [] };
  const measured = measure(figure, (entry, plan, client) =>
    sample(entry.id === 'ideal' ? 5 : client === 'hp' ? 2 : plan.includes('bert') ? 2 : 8),
  );
  expect(measured.map((m) => [m.entry.id, m.cell['be'], m.value])).toEqual([
    ['ideal', 'bert', 1],
    ['ideal', 'txl', 1],
    ['deep', 'bert', 1],
    ['deep', 'txl', 4],
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
