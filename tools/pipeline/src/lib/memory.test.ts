import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallFigure } from './figure-for-test.ts';
import { writeAtomic } from './files.ts';
import { readMemory } from './memory-table.ts';
import { writeMemory } from './memory.ts';
import { statistic, toSample } from './measure.ts';
import { parseMetric } from './metric-names.ts';
import { plansOf } from './plans.ts';
import { parseSummary } from './raw.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'memory-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const figure = { ...smallFigure(), memory_interval_ns: 1000 };
const HEADER = 'gpu,client,begin_ns,end_ns,live_mean,live_max,held_max,budget';
const GIB = String(2 ** 30);

function writeRaw(text: string): void {
  for (const entry of figure.systems) {
    for (const plan of plansOf(figure, entry)) {
      writeAtomic(join(out, 'raw', entry.id, `${plan.id}.memory.csv`), text);
    }
  }
}

test('plans ask for the records where the figure does', () => {
  const [entry] = figure.systems;
  expect(entry && plansOf(figure, entry)[0]).toMatchObject({ memory_interval_ns: 1000 });
  expect(entry && plansOf(smallFigure(), entry)[0]).not.toHaveProperty('memory_interval_ns');
});

test('the series of the first seed become one table, in GiB and ms', () => {
  writeRaw(`${HEADER}\n0,hp,0,1000,${GIB},${GIB},${GIB},\n0,,0,1000,0,${GIB},${GIB},${GIB}\n`);
  writeMemory(out, figure);
  const lines = readFileSync(join(out, 'memory.csv'), 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe(
    'system,hp,be,gpu,client,begin_ms,end_ms,live_mean_gib,live_max_gib,held_max_gib,budget_gib',
  );
  expect(lines).toContain('ideal,resnet50,,0,hp,0,0.001,1,1,1,');
  expect(lines).toContain('deep,resnet50,bert,0,all,0,0.001,0,1,1,1');
  expect(lines).toHaveLength(1 + 2 * (3 + 2));
  const rows = readMemory(out, ['hp', 'be']);
  expect(rows?.[0]).toMatchObject({ client: 'hp', live_max_gib: 1, budget_gib: null });
  expect(rows?.[1]).toMatchObject({ client: 'all', budget_gib: 1 });
});

test('a series that cannot be read is named with its line', () => {
  writeRaw(`${HEADER}\n0,,0,1000,0,some,0,\n`);
  expect(() => {
    writeMemory(out, figure);
  }).toThrow(/memory\.csv:2: live_max is "some"; expected a number/);
  expect(existsSync(join(out, 'memory.csv'))).toBe(false);
});

test('a figure that no longer asks for it keeps no old table', () => {
  writeAtomic(join(out, 'memory.csv'), 'old');
  writeMemory(out, smallFigure());
  expect(readMemory(out, ['hp', 'be'])).toBeNull();
});

test('metrics are of the GPU that the client runs on', () => {
  const client = (name: string) => ({ name, requests: 0, iterations_in_window: 1 });
  const summary = (gpus: number) =>
    parseSummary(
      {
        ...{ version: 1, plan: 'p', system: 's', gpu: 'g', lane: 'sim', label: 'simulated' },
        ...{ seed: 1, duration_ns: 10, input_digest: 'd', clients: [client('hp'), client('be')] },
        memory: Array.from({ length: gpus }, (_, gpu) => ({
          ...{ gpu, peaks_bytes: 2 ** 32, live_mean_bytes: 2 ** 29, live_max_bytes: 2 ** 30 },
          ...{ held_max_bytes: gpu === 0 ? 2 ** 31 : 2 ** 32, over_budget_ns: 5e6 },
        })),
      },
      'summary',
      '',
    );
  const times = new Float64Array();
  const none = { response: times, service: times, wait: times };
  const value = (gpus: number, name: string): number => {
    const read = summary(gpus);
    const metric = parseMetric(`be_memory_${name}`, ['hp', 'be']);
    if ('unavailable' in read || metric === null) throw new Error('no summary or no metric');
    return statistic(toSample(none, read, 'be'), metric);
  };
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
