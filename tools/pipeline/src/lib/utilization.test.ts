import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withTable } from './decorate.ts';
import { smallFigure } from './figure-for-test.ts';
import { writeAtomic } from './files.ts';
import { statistic, toSample } from './measure.ts';
import { parseMetric } from './metric-names.ts';
import { plansOf } from './plans.ts';
import { parseSummary } from './raw.ts';
import { rawRecords } from './records.ts';
import { readUtilization } from './utilization-table.ts';
import { writeUtilization } from './utilization.ts';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'utilization-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

const figure = { ...smallFigure(), utilization_interval_ns: 1000 };
const HEADER = 'gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram';

function writeRaw(text: string): void {
  for (const entry of figure.systems) {
    for (const plan of plansOf(figure, entry)) {
      writeAtomic(join(out, 'raw', entry.id, `${plan.id}.utilization.csv`), text);
    }
  }
}

test('plans ask for the counters where the figure does', () => {
  const [entry] = figure.systems;
  expect(entry && plansOf(figure, entry)[0]).toMatchObject({ utilization_interval_ns: 1000 });
  expect(entry && plansOf(smallFigure(), entry)[0]).not.toHaveProperty('utilization_interval_ns');
});

test('the series of the first seed become one table', () => {
  writeRaw(`${HEADER}\n0,0,1000,0.5,0.25,0.125,0.75\n0,1000,1500,1,1,0,0\n`);
  writeUtilization(out, figure, rawRecords(out, false));
  const lines = readFileSync(join(out, 'utilization.csv'), 'utf8').trimEnd().split('\n');
  expect(lines[0]).toBe('system,hp,be,gpu,begin_ms,end_ms,sm_busy,occupancy,compute,dram');
  expect(lines).toContain('ideal,resnet50,,0,0,0.001,0.5,0.25,0.125,0.75');
  expect(lines).toContain('deep,resnet50,bert,0,0.001,0.0015,1,1,0,0');
  // Three clients alone and two cells under the other system, two intervals each.
  expect(lines).toHaveLength(1 + 2 * (3 + 2));
  expect(readUtilization(out, ['hp', 'be'])?.[0]).toMatchObject({ system: 'ideal', dram: 0.75 });
});

test('a series that cannot be read is named with its line', () => {
  writeRaw(`${HEADER}\n0,0,1000,0.5,0.25,much,0.75\n`);
  expect(() => {
    writeUtilization(out, figure, rawRecords(out, false));
  }).toThrow(/utilization\.csv:2: compute is "much"; expected a number/);
  expect(existsSync(join(out, 'utilization.csv'))).toBe(false);
});

test('a figure that no longer asks for it keeps no old table', () => {
  writeAtomic(join(out, 'utilization.csv'), 'old');
  writeUtilization(out, smallFigure(), rawRecords(out, false));
  expect(readUtilization(out, ['hp', 'be'])).toBeNull();
});

test('use is of the GPU that the client runs on', () => {
  const client = (name: string) => ({ name, requests: 0, iterations_in_window: 1 });
  const summary = (gpus: number) =>
    parseSummary(
      {
        ...{ version: 1, plan: 'p', system: 's', gpu: 'g', lane: 'sim', label: 'simulated' },
        ...{ seed: 1, duration_ns: 10, input_digest: 'd', clients: [client('hp'), client('be')] },
        utilization: Array.from({ length: gpus }, (_, gpu) => ({
          ...{ gpu, sm_busy: 0.1, occupancy: 0.2, compute: 0.3 },
          dram: gpu === 0 ? 0.4 : 0.9,
        })),
      },
      'summary',
      '',
    );
  const times = new Float64Array();
  const none = { response: times, service: times, wait: times };
  const metric = parseMetric('be_gpu_dram', ['hp', 'be']);
  expect(metric).toMatchObject({ client: 'be', quantity: 'gpu', use: 'dram', unit: 'share' });
  const value = (gpus: number): number => {
    const read = summary(gpus);
    if ('unavailable' in read || metric === null) throw new Error('no summary');
    return statistic(toSample(none, read, 'be'), metric);
  };
  expect(value(1)).toBe(0.4); // one that is shared
  expect(value(2)).toBe(0.9); // its own
  expect(value(0)).toBeNaN(); // not counted
});

test('a specification may read a second table', () => {
  const spec = {
    datasets: { results: [1] },
    layer: [{ data: { url: '../out/utilization.csv' } }],
  };
  expect(withTable(spec, 'utilization.csv', [{ dram: 1 }])).toEqual({
    datasets: { results: [1], utilization: [{ dram: 1 }] },
    layer: [{ data: { name: 'utilization' } }],
  });
});
