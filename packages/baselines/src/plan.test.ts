import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalogue } from '../../../tools/pipeline/src/lib/catalogue.ts';
import { NATIVE, PLAN_SCHEMA } from '../../../tools/pipeline/src/lib/paths.ts';
import { planChecker } from '../../../tools/pipeline/src/lib/plan-check.ts';
import { readConfig } from './config.ts';
import { planOf, type EvalPlan } from './plan.ts';
import { POLICIES } from './policies.ts';
import { shippedConfig, type Shipped } from './shipped-config-for-test.ts';

const { programs } = readCatalogue(NATIVE);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'baselines-plan-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function plan(changed: Shipped = {}, precision: 'fp32' | 'bf16' = 'fp32'): EvalPlan {
  const config = readConfig(shippedConfig(changed), 'my.yaml');
  const made = planOf(config, 'eval', { gpu: 'v100-16', precision, programs, folder });
  planChecker(PLAN_SCHEMA)(made, 'plan');
  return made;
}

const oneEval = 'models: {model0: {mode: eval, name: resnet50}}\n';
const withTrace = (path: string): string =>
  `shared_config:\n  distribution: trace\n  trace_path: ${path}\n  seed: 1\n`;

test('the shipped configuration', () => {
  expect(plan()).toEqual({
    version: 1,
    id: 'eval',
    gpu: 'v100-16',
    seed: 42,
    system: { name: 'mps' },
    clients: [
      {
        name: 'model0',
        program: 'h200/resnet50-inference-b4-fp32',
        priority: 'high',
        traffic: { kind: 'poisson', rate: 15 },
        requests: 90,
        warmup: 10,
      },
      {
        name: 'model1',
        program: 'h200/mobilenetv2-training-b64-fp32',
        priority: 'best-effort',
        traffic: { kind: 'closed' },
        warmup: 10,
      },
    ],
    until: 'model0',
  });
});

test.each(POLICIES.map(({ name, ownEnd }) => [name, ownEnd] as const))(
  'under %s models end by themselves: %s',
  (name, ownEnd) => {
    const { clients, until } = plan({ policy: `policy: ${name}\n` });
    expect(clients.map(({ requests }) => requests)).toEqual([90, ownEnd ? 9990 : undefined]);
    expect(until).toBe(ownEnd ? undefined : 'model0');
  },
);

test('under Sequential the first model is asked first only where its requests arrive at a rate', () => {
  const policy = 'policy: Sequential\n';
  expect(plan({ policy }).system).toEqual({ name: 'sequential', params: { high_first: true } });
  const models =
    'models:\n  model0: {mode: train, name: bert}\n  model1: {mode: train, name: bert-1}\n';
  expect(plan({ policy, models }).system.params).toEqual({ high_first: false });
  expect(plan().system).toEqual({ name: 'mps' });
});

test('every shipped block has a recorded program, in one mode or the other', () => {
  const modes = { resnet50: 'eval', resnet101: 'train', mobilenet_v2: 'train', bert: 'train' };
  const again = { transformer: 'train', 'resnet50-1': 'train', 'bert-1': 'train' };
  const models = Object.entries({ ...modes, ...again }).map(
    ([name, mode], i) => `  model${String(i)}: {mode: ${mode}, name: ${name}}\n`,
  );
  for (const precision of ['fp32', 'bf16'] as const) {
    const { clients } = plan({ models: `models:\n${models.join('')}` }, precision);
    expect(clients.every(({ program }) => programs.includes(program))).toBe(true);
    expect(clients[4]?.program).toBe(`h200/transformerxl-training-b8-${precision}`);
  }
});

test('what is not recorded is named, with what is', () => {
  const models =
    'models:\n  model0: {mode: train, name: resnet50}\n  model1: {mode: eval, name: bert}\n';
  expect(() => plan({ models })).toThrow(
    'my.yaml:13: resnet50.batch_size: is 4; expected 32, which is recorded for mode train\n' +
      'my.yaml:27: bert.arch: is base; expected large, which is recorded for mode eval\n' +
      'my.yaml:28: bert.batch_size: is 8; expected 2, which is recorded for mode eval',
  );
});

describe('traffic', () => {
  test('a rate of 0 is a closed loop, whatever the distribution', () => {
    const config = shippedConfig({ models: oneEval }).replace(
      'request_rate: 15',
      'request_rate: 0',
    );
    const made = planOf(readConfig(config, 'my.yaml'), 'eval', {
      ...{ gpu: 'v100-16', precision: 'fp32', programs, folder },
    });
    expect(made.clients[0]?.traffic).toEqual({ kind: 'closed' });
  });

  test('a trace is for the first model, as many requests as it has gaps; the others are uniform', () => {
    writeFileSync(join(folder, 'gaps.json'), JSON.stringify(Array(50).fill(0.01)));
    const models =
      'models:\n  model0: {mode: eval, name: resnet50}\n  model1: {mode: eval, name: resnet50}\n';
    const [first, second] = plan({ models, shared: withTrace('gaps.json') }).clients;
    expect(first).toMatchObject({
      traffic: { kind: 'trace', gaps_file: join(folder, 'gaps.json') },
      requests: 40,
    });
    expect(second?.traffic).toEqual({ kind: 'uniform', rate: 15 });
  });

  test('the published trace is generated where the file is not there', () => {
    const config = readConfig(
      shippedConfig({ models: oneEval, shared: withTrace('./inter_arrival_times.json') }),
      'my.yaml',
    );
    const { clients } = planOf(config, 'eval', {
      ...{ gpu: 'v100-16', precision: 'fp32', programs, folder },
    });
    expect(clients[0]).toMatchObject({ traffic: { trace: 'apollo' }, requests: 6230 });
    expect(config.file.finish()).toEqual([
      'my.yaml:6: shared_config.trace_path: ./inter_arrival_times.json is not there: the same 6240 gaps are generated',
    ]);
  });

  test.each([
    [null, 'no such file; expected a JSON list of gaps in seconds'],
    ['{"a": 1', 'not valid JSON'],
    ['[0.1, 0.2]', 'is not a list of more than 10 gaps; the first 10 requests warm up'],
    [`[${'0.1, '.repeat(12)}-1]`, 'entry 12 is -1; expected seconds, 0 or more'],
  ])('a trace file that holds %j', (content, message) => {
    if (content !== null) writeFileSync(join(folder, 'gaps.json'), content);
    expect(() => plan({ models: oneEval, shared: withTrace('gaps.json') })).toThrow(
      new RegExp(`^my\\.yaml:6: shared_config\\.trace_path: .*gaps\\.json.*${message}`),
    );
  });
});
