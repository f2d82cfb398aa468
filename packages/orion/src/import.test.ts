import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readResults } from '../../../tools/pipeline/src/lib/results.ts';
import { importResults } from './import.ts';

const MODELS = ['ResNet50', 'MobileNetV2', 'ResNet101', 'BERT', 'Transformer'];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'orion-import-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, value: unknown): void {
  const file = join(root, 'results', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
}

const latency = (ms: number): object => ({
  p50_latency: ms,
  p95_latency: 2 * ms,
  p99_latency: 3 * ms,
  throughput: 15,
});

/** Orion and ideal beside ResNet50 inference, MPS beside MobileNetV2 inference, `runs` runs each. */
function artifact(runs = 3): void {
  for (let run = 0; run < runs; run++) {
    put(`ideal/ResNet50_${run}_hp.json`, latency(6 + run));
    for (const be of MODELS) {
      put(`ideal/${be}_${run}_be.json`, { throughput: 10 });
      put(`orion/${be}_ResNet50_${run}_hp.json`, latency(9 + run));
      put(`orion/${be}_ResNet50_${run}_be.json`, { throughput: 7 });
    }
    // The high-priority name comes first here, and the jobs are numbered, 0 the high-priority one.
    put(`mps/MobileNetV2_BERT_${run}.json`, {
      'p50-latency-0': 20,
      'p90-latency-0': 30,
      'p95-latency-0': 40,
      'p99-latency-0': 50,
      'throughput-0': 39,
      'throughput-1': 5,
      duration: 300,
    });
  }
}

const run = (): Promise<string[]> =>
  importResults({
    dir: join(root, 'results'),
    gpu: 'v100-16',
    beside: join(root, 'none'),
    out: join(root, 'out'),
  });

const rows = () => readResults(join(root, 'out/imported.csv'), ['hp', 'be']);

describe('a results folder of the artifact', () => {
  test('becomes rows with the columns of every results.csv, and plots', async () => {
    artifact();
    const lines = await run();
    const value = (system: string, metric: string, hp: string, be: string) =>
      rows().find(
        (row) =>
          row.system === system &&
          row.metric === metric &&
          row.cell['hp'] === hp &&
          row.cell['be'] === be,
      );
    expect(value('orion-imported', 'hp_latency_p95', 'resnet50', 'bert')).toMatchObject({
      figure: 'fig7',
      value: 20, // the mean of 2 × (9, 10, 11)
      ci_low: 18,
      ci_high: 22,
      n: 0,
      unit: 'ms',
      seeds: 3,
      lane: 'imported',
      gpu: 'v100-16',
      label: 'imported',
    });
    expect(value('orion-imported', 'be_throughput', 'resnet50', 'transformerxl')?.value).toBe(7);
    expect(value('orion-imported', 'hp_latency_p99', 'resnet50', 'mean')?.value).toBe(30);
    expect(value('orion-imported', 'hp_latency_p99_ratio', 'resnet50', 'bert')?.value).toBeCloseTo(
      30 / 21,
      5,
    );
    expect(value('orion-imported', 'hp_service_p99', 'resnet50', 'bert')).toBeUndefined();
    expect(value('mps-imported', 'hp_latency_p99', 'mobilenetv2', 'bert')?.value).toBe(50);
    expect(value('mps-imported', 'be_throughput', 'mobilenetv2', 'bert')?.value).toBe(5);
    // Ideal runs alone: its value stands for every cell.
    expect(value('ideal-imported', 'hp_latency_p50', 'resnet50', 'resnet101')?.value).toBe(7);
    expect(lines[0]).toBe('54 results of ideal-imported, mps-imported, orion-imported');
    expect(lines).toContain(
      `not in ${join(root, 'results')}: mps-imported: ResNet50 beside ResNet50`,
    );
    expect(existsSync(join(root, 'out/fig7a.svg'))).toBe(true);
    expect(readFileSync(join(root, 'out/fig7b.svg'), 'utf8')).toContain('imported');
  });

  test('is drawn beside ours', async () => {
    artifact();
    await run();
    // The same rows under the plain ids stand for ours.
    const ours = readFileSync(join(root, 'out/imported.csv'), 'utf8')
      .replaceAll('-imported', '')
      .replaceAll('imported', 'sim');
    mkdirSync(join(root, 'none'));
    writeFileSync(join(root, 'none/results.csv'), ours);
    await run();
    const both = readResults(join(root, 'out/results.csv'), ['hp', 'be']);
    expect(new Set(both.map(({ system }) => system))).toEqual(
      new Set(['ideal', 'mps', 'orion', 'ideal-imported', 'mps-imported', 'orion-imported']),
    );
    const svg = readFileSync(join(root, 'out/fig7a.svg'), 'utf8');
    expect(svg).toContain('Orion, imported');
    expect(svg).toContain('lane: sim');
  });
});

describe('what does not fit is one line that names the file', () => {
  const cases: [string, () => void, RegExp][] = [
    ['no folder', () => undefined, /results: none of the folders ideal, mps, reef, orion/],
    [
      'no files',
      () => {
        put('orion/readme.txt', '');
      },
      /no \.json files in orion/,
    ],
    [
      'a name',
      () => {
        put('orion/BERT_0_hp.json', latency(1));
      },
      /BERT_0_hp\.json: the name does not fit; expected \{BE\}_\{HP\}_\{run\}_\{hp\|be\}\.json/,
    ],
    [
      'a run',
      () => {
        put('mps/BERT_BERT_x.json', {});
      },
      /BERT_BERT_x\.json: the name does not fit; expected the number of the run/,
    ],
    [
      'a model',
      () => {
        put('orion/VGG_ResNet50_0_be.json', { throughput: 1 });
      },
      /VGG_ResNet50_0_be\.json: unknown model "VGG"/,
    ],
    [
      'a key',
      () => {
        put('orion/BERT_ResNet50_0_hp.json', { throughput: 1 });
      },
      /BERT_ResNet50_0_hp\.json: p50_latency: .*expected a number above zero/,
    ],
    [
      'a number',
      () => {
        put('orion/BERT_ResNet50_0_be.json', { throughput: 'fast' });
      },
      /BERT_ResNet50_0_be\.json: throughput: .*expected a number above zero/,
    ],
    [
      'JSON',
      () => {
        put('orion/BERT_ResNet50_0_be.json', '{\n"throughput": }');
      },
      /BERT_ResNet50_0_be\.json:2:15: not valid JSON/,
    ],
  ];
  test.each(cases)('%s', async (_, spoil, message) => {
    if (_ !== 'no folder' && _ !== 'no files') artifact(1);
    spoil();
    await expect(run()).rejects.toThrow(message);
    expect(existsSync(join(root, 'out'))).toBe(false);
  });
});
