/** The lanes of a real GPU on a small figure: run by a stand-in, packed, gathered again, drawn and judged. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StepArgs } from './lib/args.ts';
import { smallFigure } from './lib/figure-for-test.ts';
import type { FigureDefinition } from './lib/figure-schema.ts';
import { testWorkspace, type TestWorkspace } from './lib/workspace-for-test.ts';
import { check } from './check.ts';
import { gather } from './gather.ts';
import { packMeasured } from './pack-measured.ts';
import { plot } from './plot.ts';
import { prep } from './prep.ts';
import { run } from './run.ts';

/** The small figure on another GPU, at a load, with 334 requests: enough for a p99 over three seeds. */
const FIGURE: FigureDefinition = {
  ...smallFigure(),
  cuda: {
    gpu: 'gpu-b',
    axes: {
      hp: { '*': { client: { requests: 334, traffic: { kind: 'poisson', load: 0.1 } } } },
    },
  },
};

let workspace: TestWorkspace;
let cuda: StepArgs;
let measured: StepArgs;
beforeEach(() => {
  workspace = testWorkspace(FIGURE);
  const lane = (name: 'cuda' | 'measured'): StepArgs => ({
    ...workspace.args,
    ...{ lane: name, plans: 'cuda', out: join(workspace.root, 'out', name) },
  });
  [cuda, measured] = [lane('cuda'), lane('measured')];
});
afterEach(() => {
  workspace.remove();
});

const read = (args: StepArgs, name: string): string => readFileSync(join(args.out, name), 'utf8');
const packed = (): string => join(workspace.root, 'packages/paper/measured/gpu-b/small');

async function measureAll(): Promise<void> {
  prep(cuda, workspace.native);
  for (const system of ['ideal', 'deep']) {
    await run({ ...cuda, system }, { core: workspace.core, jobs: 1, native: workspace.native });
  }
}

const pack = (again = false): ReturnType<typeof packMeasured> =>
  packMeasured(
    { figure: cuda.figure, from: cuda.out, commands: ['a command'], notes: ['one slice'], again },
    workspace.native,
  );

/** Takes measurements away, as if there had been no time for them. */
function forget(...plans: string[]): void {
  for (const plan of plans)
    for (const type of ['csv', 'json']) rmSync(join(cuda.out, 'raw/deep', `${plan}.${type}`));
}

describe('lane cuda', () => {
  test('has the plans for a real GPU', () => {
    prep(cuda, workspace.native);
    expect(JSON.parse(read(cuda, 'plans/deep/resnet50_bert_s1.json'))).toMatchObject({
      gpu: 'gpu-b',
      clients: [{ name: 'hp', requests: 334, traffic: { load: 0.1 } }, { name: 'be' }],
    });
  });

  test('runs them on the GPU with a ledger, and names lane and GPU on the plot', async () => {
    await measureAll();
    gather(cuda);
    expect(existsSync(join(cuda.out, 'missing.csv'))).toBe(false);
    await plot(cuda);
    expect(subtitle(cuda)).toMatchInlineSnapshot(
      `"lane: cuda, measured on Test GPU  ·  3 runs a cell"`,
    );
    expect(check(cuda)[0]).toMatchObject({ verdict: 'HOLDS' });
  });

  test('a system that this machine cannot run is recorded with the reason, and untested', async () => {
    workspace.behave('unavailable');
    await measureAll();
    expect(readdirSync(join(cuda.out, 'raw/deep'))).toHaveLength(6);
    gather(cuda);
    expect(read(cuda, 'missing.csv')).toContain(
      'deep,resnet50,txl,2,unavailable: no such thing here\n',
    );
    expect(check(cuda)[0]).toMatchObject({
      verdict: 'UNTESTED',
      cells: [{ reason: 'deep: unavailable: no such thing here' }, {}],
    });
  });
});

describe('lane measured', () => {
  test('draws the packed measurements as lane cuda drew them', async () => {
    await measureAll();
    gather(cuda);
    expect(pack()).toEqual({ packed: 15, of: 15 });
    rmSync(cuda.out, { recursive: true });
    gather(measured);
    await plot(measured);
    expect(subtitle(measured)).toBe('lane: cuda, measured on Test GPU  ·  3 runs a cell');
    expect(check(measured)[0]).toMatchObject({ verdict: 'HOLDS' });
    expect(JSON.parse(read(measured, 'run.json'))).toMatchObject({
      lane: 'measured',
      measured: {
        plans: { measured: 15, of: 15 },
        machines: [{ gpu: { name: 'Test GPU' }, plans: 15 }],
        commands: ['a command'],
      },
    });
  });

  test('gives the same results as the records that were packed', async () => {
    await measureAll();
    gather(cuda);
    pack();
    gather(measured);
    expect(read(measured, 'results.csv')).toBe(read(cuda, 'results.csv'));
  });

  test('what is measured again lies apart, and changes nothing of the first measurements', async () => {
    await measureAll();
    pack();
    const first = readdirSync(packed()).sort();
    forget('resnet50_txl_s1');
    expect(pack(true)).toEqual({ packed: 14, of: 15 });
    expect(readdirSync(packed()).sort()).toEqual(['again', ...first]);
    expect(readdirSync(join(packed(), 'again')).sort()).toEqual(first);
    gather(measured);
    expect(existsSync(join(measured.out, 'missing.csv'))).toBe(false);
  });

  test('of a partial campaign it shows what there is, and says what is not', async () => {
    await measureAll();
    forget('resnet50_txl_s1', 'resnet50_txl_s2', 'resnet50_txl_s3', 'resnet50_bert_s3');
    pack();
    gather(measured);
    await plot(measured);
    expect(subtitle(measured)).toBe(
      'lane: cuda, measured on Test GPU  ·  2 or 3 runs a cell  ·  2 of 4 cells measured, 1 in part',
    );
    expect(check(measured)[0]).toMatchObject({
      verdict: 'UNTESTED',
      cells: [
        { cell: { be: 'bert' }, reason: expect.stringContaining('deep: 2 of 3 runs measured') },
        { cell: { be: 'txl' }, reason: 'deep: not measured' },
      ],
    });
    // A mean over some of the jobs would not compare with one over all of them.
    expect(read(measured, 'results.csv')).not.toMatch(/^small,deep,resnet50,mean/m);
    expect(read(measured, 'results.csv')).toMatch(/^small,ideal,resnet50,mean/m);
  });

  test('a later slice joins what is packed already', async () => {
    await measureAll();
    const later = join(cuda.out, 'raw/deep/resnet50_txl_s1');
    const kept = ['csv', 'json'].map((type) => readFileSync(`${later}.${type}`));
    forget('resnet50_txl_s1');
    expect(pack()).toEqual({ packed: 14, of: 15 });
    rmSync(join(cuda.out, 'raw'), { recursive: true });
    await run(
      { ...cuda, system: 'ideal' },
      { core: workspace.core, jobs: 1, native: workspace.native },
    );
    writeLater(later, kept);
    expect(pack()).toEqual({ packed: 15, of: 15 });
  });

  test('measurements of another plan than today’s count as not measured', async () => {
    await measureAll();
    pack();
    workspace.write({ ...FIGURE, cuda: { ...FIGURE.cuda, axes: {} } });
    gather(measured);
    expect(read(measured, 'missing.csv')).toContain('not measured since the figure changed');
  });

  test('a figure without measurements says so', () => {
    expect(() => gather(measured)).toThrow(
      /measured\/gpu-b\/small: no such folder; nothing of this figure is measured yet/,
    );
  });

  test('a damaged file is refused with its name', async () => {
    await measureAll();
    pack();
    const file = join(packed(), 'raw/deep.csv.gz');
    writeFileSync(file, readFileSync(file).subarray(0, 40));
    expect(() => gather(measured)).toThrow(/raw\/deep\.csv\.gz: cannot be decompressed/);
  });

  test('is gathered, not run', async () => {
    const attempt = run({ ...measured, system: 'deep' }, { core: workspace.core, jobs: 1 });
    await expect(attempt).rejects.toThrow(/are gathered, not run/);
  });
});

describe('what a real GPU was used for', () => {
  const counted: FigureDefinition = {
    ...FIGURE,
    cuda: { ...FIGURE.cuda, utilization_interval_ns: 100_000_000 },
    metrics: [...FIGURE.metrics, 'hp_gpu_dram'],
    utilization_interval_ns: 1000,
  };

  test('is packed with the records and drawn from the pack, by metric and over time', async () => {
    workspace.write(counted);
    await measureAll();
    const plan = JSON.parse(read(cuda, 'plans/deep/resnet50_bert_s1.json')) as object;
    expect(plan).toMatchObject({ utilization_interval_ns: 100_000_000 });
    gather(cuda);
    pack();
    gather(measured);
    for (const file of ['results.csv', 'utilization.csv'])
      expect(read(measured, file)).toBe(read(cuda, file));
    expect(read(measured, 'utilization.csv')).toContain(
      'deep,resnet50,txl,0,0,10000,0.5,0.2,0.4,0.3\n',
    );
    expect(read(measured, 'results.csv')).toMatch(/^small,deep,resnet50,bert,hp_gpu_dram,0\.3,/m);
  });

  test('of a partial campaign is drawn as far as it goes', async () => {
    workspace.write(counted);
    await measureAll();
    forget('resnet50_txl_s1');
    gather(cuda);
    expect(read(cuda, 'utilization.csv')).not.toContain('deep,resnet50,txl');
    pack();
    gather(measured);
    expect(read(measured, 'utilization.csv')).toBe(read(cuda, 'utilization.csv'));
  });

  test('is not packed if it is not the file of its summary', async () => {
    workspace.write(counted);
    await measureAll();
    const file = join(cuda.out, 'raw/deep/resnet50_bert_s1.utilization.csv');
    writeFileSync(file, readFileSync(file, 'utf8').replace('0.5', '0.9'));
    expect(pack).toThrow(/s1\.utilization\.csv: is not the file of its summary; measure this plan/);
    rmSync(file);
    expect(pack).toThrow(/s1\.utilization\.csv: no such file; measure this plan again/);
  });
});

test('the simulation of measured plans takes what their launches cost', async () => {
  const twin: StepArgs = { ...cuda, lane: 'sim', out: join(workspace.root, 'out/sim-gpu-b') };
  const host = (): unknown =>
    (
      JSON.parse(read(twin, 'plans/deep/resnet50_bert_s1.json')) as {
        clients: { host?: unknown }[];
      }
    ).clients.map((client) => client.host);
  prep(twin, workspace.native);
  expect(host()).toEqual([undefined, undefined]);
  await measureAll();
  pack();
  prep(twin, workspace.native);
  expect(host()).toEqual([{ launch_ns: 3100 }, { launch_ns: 3100 }]);
});

test('simulated records are not packed as measurements', async () => {
  await measureAll();
  const path = join(cuda.out, 'raw/deep/resnet50_bert_s1.json');
  const summary = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...summary, lane: 'sim', machine: undefined }));
  expect(pack).toThrow(/resnet50_bert_s1\.json: lane is "sim"; expected "cuda"/);
});

/** The line under the title of the drawn plot. */
function subtitle(args: StepArgs): string | undefined {
  const spec = JSON.parse(read(args, 'small.vl.json')) as { title: { subtitle: string[] } };
  return spec.title.subtitle.at(-1);
}

function writeLater(path: string, [csv, json]: Buffer[]): void {
  mkdirSync(dirname(path), { recursive: true });
  if (csv === undefined || json === undefined) throw new Error('two files');
  writeFileSync(`${path}.csv`, csv);
  writeFileSync(`${path}.json`, json);
}
