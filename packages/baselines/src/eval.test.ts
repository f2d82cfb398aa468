import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NATIVE } from '../../../tools/pipeline/src/lib/paths.ts';
import { evaluate, type EvalArgs } from './eval.ts';
import { shippedConfig } from './shipped-config-for-test.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baselines-eval-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const MS = 1e6;

/** A core that answers every plan with four requests of 2, 4, 6 and 8 ms of model0 and one and a half iterations of model1. */
function fakeCore(fails = false): string {
  const summary = {
    ...{ version: 1, plan: 'eval', system: 'mps', gpu: 'v100-16', lane: 'sim', label: 'simulated' },
    ...{ seed: 42, duration_ns: 500 * MS, input_digest: 'x' },
    clients: [
      { name: 'model0', requests: 4, iterations_in_window: 4, window_ns: 400 * MS },
      { name: 'model1', requests: 1, iterations_in_window: 1.5, window_ns: 500 * MS },
    ],
  };
  const rows = [2, 4, 6, 8].map((ms, i) => {
    const arrival = i * 100 * MS;
    return `model0,${String(i)},${String(arrival)},${String(arrival + 1)},${String(arrival + ms * MS)}\n`;
  });
  const records = `client,index,arrival_ns,start_ns,end_ns\n${rows.join('')}model1,0,0,1,${String(300 * MS)}\n`;
  const core = join(folder, 'core');
  writeFileSync(
    core,
    fails
      ? '#!/bin/sh\necho "cotenant: error: out of memory" >&2\nexit 65\n'
      : `#!/bin/sh\nout=$4\ncat > $out/eval.json <<'END'\n${JSON.stringify(summary)}\nEND\ncat > $out/eval.csv <<'END'\n${records}END\n`,
  );
  chmodSync(core, 0o755);
  return core;
}

function args(text: string, core: string): EvalArgs {
  const config = join(folder, 'my.yaml');
  writeFileSync(config, text);
  return { config, log: join(folder, 'log'), lane: 'sim', precision: 'fp32', core };
}

test("results have the tool's keys, and lie beside the plan and the records", async () => {
  const { results, file, notes } = await evaluate(args(shippedConfig(), fakeCore()));
  expect(results).toEqual({
    duration: 0.5,
    'p50-latency-0': 5,
    'p90-latency-0': expect.closeTo(7.4, 9),
    'p95-latency-0': expect.closeTo(7.7, 9),
    'p99-latency-0': expect.closeTo(7.94, 9),
    'throughput-0': 10,
    'duration-1': 0.5,
    'iterations-1': 11,
    'throughput-1': 3,
  });
  expect(notes).toEqual([]);
  expect(file).toBe(join(folder, 'log.json'));
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(results);
  expect(JSON.parse(readFileSync(join(folder, 'log.plan.json'), 'utf8'))).toMatchObject({
    system: { name: 'mps' },
  });
  expect(readFileSync(join(folder, 'log.csv'), 'utf8')).toContain('model1,0,0,1,');
});

test('under Isolated the models have no time in common: duration is the sum', async () => {
  const text = shippedConfig({ policy: 'policy: Isolated\n' });
  const { results } = await evaluate(args(text, fakeCore()));
  expect(results['duration']).toBeCloseTo(0.9, 9);
  expect(results['throughput-0']).toBe(10);
});

test('a run that fails leaves earlier results as they are', async () => {
  writeFileSync(join(folder, 'log.json'), 'earlier');
  await expect(evaluate(args(shippedConfig(), fakeCore(true)))).rejects.toThrow('out of memory');
  await expect(
    evaluate(args(shippedConfig({ policy: 'policy: TikTok\n' }), fakeCore())),
  ).rejects.toThrow('my.yaml:2: policy: unknown policy "TikTok"; did you mean "TickTock"?');
  await expect(evaluate({ ...args(shippedConfig(), fakeCore()), gpu: 'v10' })).rejects.toThrow(
    '--gpu: unknown GPU "v10"',
  );
  expect(readFileSync(join(folder, 'log.json'), 'utf8')).toBe('earlier');
  expect(existsSync(join(folder, 'log.plan.json'))).toBe(false);
});

test('the example of the package is one that the tool reads', async () => {
  const text = readFileSync(join(NATIVE, '../baselines/config.yaml'), 'utf8');
  const { results } = await evaluate(args(text, fakeCore()));
  expect(results).toHaveProperty('iterations-0', 14);
});
