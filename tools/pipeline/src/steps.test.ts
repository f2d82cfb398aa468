/** The steps one after another on a small figure, with a stand-in for the core. */

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { smallFigure } from './lib/figure-for-test.ts';
import { loadFigure } from './lib/figure.ts';
import { ROOT } from './lib/paths.ts';
import { figureStatus } from './lib/staleness.ts';
import { testWorkspace, type TestWorkspace } from './lib/workspace-for-test.ts';
import { check } from './check.ts';
import { gather } from './gather.ts';
import { plot } from './plot.ts';
import { prep } from './prep.ts';
import { run } from './run.ts';
import { statusReport } from './status.ts';

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = testWorkspace();
});
afterEach(() => {
  workspace.remove();
});

const out = (...path: string[]): string => join(workspace.args.out, ...path);
const read = (...path: string[]): string => readFileSync(out(...path), 'utf8');
const runSystem = (system: string): ReturnType<typeof run> =>
  run({ ...workspace.args, system }, { core: workspace.core, jobs: 1, native: workspace.native });

async function runAll(): Promise<void> {
  prep(workspace.args, workspace.native);
  for (const system of ['ideal', 'deep']) await runSystem(system);
  gather(workspace.args);
}

describe('prep', () => {
  test('writes one file per plan, byte for byte as expected', () => {
    expect(prep(workspace.args, workspace.native)).toBe(9 + 6);
    expect(readdirSync(out('plans'))).toEqual(['deep', 'ideal']);
    expect(read('plans/deep/resnet50_bert_s1.json')).toMatchInlineSnapshot(`
      "{
        "version": 1,
        "id": "resnet50_bert_s1",
        "gpu": "gpu-a",
        "seed": 1,
        "system": {
          "name": "reef",
          "params": {
            "depth": 12,
            "padding": false
          }
        },
        "clients": [
          {
            "name": "hp",
            "program": "gpu-a/resnet50-inference",
            "priority": "high",
            "traffic": {
              "kind": "poisson",
              "rate": 20
            },
            "requests": 100,
            "warmup": 10
          },
          {
            "name": "be",
            "program": "gpu-a/bert-training",
            "priority": "best-effort",
            "traffic": {
              "kind": "closed"
            }
          }
        ],
        "until": "hp"
      }
      "
    `);
  });

  test('writes the same bytes again, and removes plans that the figure no longer has', () => {
    prep(workspace.args, workspace.native);
    const before = read('plans/ideal/hp-resnet50_s1.json');
    workspace.write({ ...smallFigure(), seeds: [1, 2] });
    prep(workspace.args, workspace.native);
    expect(read('plans/ideal/hp-resnet50_s1.json')).toBe(before);
    expect(readdirSync(out('plans/deep')).filter((name) => name.includes('s3'))).toEqual([]);
  });

  test('--system writes that system only; an unknown one gets the nearest name', () => {
    expect(prep({ ...workspace.args, system: 'deep' }, workspace.native)).toBe(6);
    expect(readdirSync(out('plans'))).toEqual(['deep']);
    expect(() => prep({ ...workspace.args, system: 'depp' }, workspace.native)).toThrow(
      '--system: unknown system entry "depp"; did you mean "deep"?',
    );
  });
});

describe('run', () => {
  test('gives the plans of a system to the core and counts what ran', async () => {
    prep(workspace.args, workspace.native);
    expect(await runSystem('deep')).toEqual({ total: 6, ran: 6 });
    expect(await runSystem('deep')).toEqual({ total: 6, ran: 0 });
    rmSync(out('raw/deep/resnet50_txl_s2.json'));
    expect(await runSystem('deep')).toEqual({ total: 6, ran: 1 });
  });

  test('removes records whose plan is gone, and what an interrupted write left', async () => {
    prep(workspace.args, workspace.native);
    mkdirSync(out('raw/deep'), { recursive: true });
    for (const name of ['old_s1.csv', 'old_s1.json', 'resnet50_bert_s1.csv.tmp'])
      writeFileSync(out('raw/deep', name), '');
    await runSystem('deep');
    expect(readdirSync(out('raw/deep'))).toHaveLength(12);
  });

  test('shows the core’s own message, with the figure that the plans came from', async () => {
    prep(workspace.args, workspace.native);
    workspace.behave('fail');
    await expect(runSystem('deep')).rejects.toMatchObject({
      exitCode: 65,
      message:
        'run deep: plan.json: system.params.dpth: unknown parameter "dpth"; did you mean "depth"? ' +
        `(plans written from ${join(workspace.args.figure, 'figure.json')})`,
    });
    workspace.behave('silent');
    await expect(runSystem('deep')).rejects.toThrow(
      'the core ended with exit code 3 and no message',
    );
  });

  test('says how to build a core that is missing, and asks for prep where there are no plans', async () => {
    await expect(runSystem('deep')).rejects.toThrow(/plans\/deep: no plans; run the prep step/);
    prep(workspace.args, workspace.native);
    await expect(
      run({ ...workspace.args, system: 'deep' }, { core: '/nowhere/cotenant', jobs: 1 }),
    ).rejects.toThrow('/nowhere/cotenant: not built; run: npx nx run shared-native:build');
  });

  test('a signal stops the core, keeps finished plans, and the next run resumes', async () => {
    prep(workspace.args, workspace.native);
    workspace.behave('hang');
    const { figure, out: folder } = workspace.args;
    const step = spawn(
      'node',
      [
        '--import',
        'tsx',
        'tools/pipeline/src/run.ts',
        '--figure',
        figure,
        '--out',
        folder,
        '--system',
        'deep',
        '--core',
        workspace.core,
      ],
      { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let message = '';
    step.stderr.on('data', (chunk: Buffer) => (message += chunk.toString()));
    const deadline = Date.now() + 20_000;
    while (!existsSync(out('raw/deep/resnet50_bert_s1.json')) && Date.now() < deadline)
      await sleep(50);
    step.kill('SIGINT');
    const [code] = (await once(step, 'close')) as [number];
    expect(code).toBe(130);
    expect(message).toBe(
      'error: run deep: interrupted; 1 of 6 plans are finished and will not run again\n',
    );
    const core = spawnSync('pgrep', ['-f', workspace.core], { encoding: 'utf8' });
    expect(core.stdout).toBe('');
    workspace.behave('');
    expect(await runSystem('deep')).toEqual({ total: 6, ran: 5 });
  }, 30_000);
});

describe('one value of the first axis', () => {
  const figure = smallFigure();
  const [hp] = figure.axes['hp'] ?? [];
  const two = hp === undefined ? [] : [hp, { ...hp, id: 'resnet101' }];
  const entries = figure.systems.filter(({ alone }) => alone !== true);

  test('is run by itself, and leaves the records of the others alone', async () => {
    workspace.write({
      ...{ ...figure, run_by: 'hp', systems: entries, axes: { ...figure.axes, hp: two } },
      ...{ baseline: undefined, metrics: ['hp_latency_p50'], claims: [] },
    });
    prep(workspace.args, workspace.native);
    const runOnly = (only: string): ReturnType<typeof run> =>
      run(
        { ...workspace.args, system: 'deep' },
        { core: workspace.core, jobs: 1, native: workspace.native, only },
      );
    expect(await runOnly('resnet50')).toEqual({ total: 6, ran: 6 });
    expect(await runOnly('resnet101')).toEqual({ total: 6, ran: 6 });
    expect(readdirSync(out('raw/deep'))).toHaveLength(24);
    expect(readdirSync(out('provenance'))).toContain('run-deep_resnet101.json');
    await expect(runOnly('resnet')).rejects.toThrow('no plans of resnet; run the prep step');
    gather(workspace.args);
    const loaded = loadFigure(workspace.args.figure);
    const steps = figureStatus(loaded, workspace.args, workspace.native);
    const shown = steps.map(({ step, state }) => `${step} ${state}`);
    expect(shown.slice(1, 3)).toEqual(['run deep_resnet50 fresh', 'run deep_resnet101 fresh']);
    expect(statusReport(workspace.args, steps)).toContain('\n  run deep (2 tasks)  fresh\n');
  });

  test('that its system refuses has no value, and is neither wrong nor unmeasured', async () => {
    workspace.write({ ...figure, refusals: 'recorded' });
    prep(workspace.args, workspace.native);
    workspace.behave('refuse');
    for (const system of ['ideal', 'deep'])
      await run(
        { ...workspace.args, system },
        { core: workspace.core, jobs: 1, native: workspace.native, recordRefusals: true },
      );
    gather(workspace.args);
    expect(read('missing.csv')).toContain(
      'deep,resnet50,txl,2,not applicable: no such thing here\n',
    );
    await plot(workspace.args);
    const spec = JSON.parse(read('small.vl.json')) as { title: { subtitle: string[] } };
    expect(spec.title.subtitle.at(-1)).toMatch(/3 runs a cell {2}· {2}2 cells not applicable$/);
    expect(check(workspace.args)[0]).toMatchObject({
      verdict: 'UNTESTED',
      cells: [{ reason: 'deep: not applicable: no such thing here' }, {}],
    });
  });
});

describe('gather', () => {
  test('computes what can be computed by hand', async () => {
    await runAll();
    // Latencies are 1 … 10 ms in turn, under reef 10 … 100 ms: NumPy's p50 is 5.5 and 55.
    const rows = read('results.csv').split('\n');
    expect(rows[0]).toBe(
      'figure,system,hp,be,metric,value,ci_low,ci_high,n,unit,seeds,lane,gpu,label,note',
    );
    const find = (start: string): string[] =>
      (rows.find((row) => row.startsWith(start)) ?? '').split(',');
    expect(find('small,ideal,resnet50,bert,hp_latency_p50').slice(5, 6)).toEqual(['5.5']);
    expect(find('small,deep,resnet50,mean,hp_latency_p50').slice(5, 6)).toEqual(['55']);
    expect(find('small,deep,resnet50,bert,hp_latency_p99_ratio').slice(5, 6)).toEqual(['10']);
    expect(find('small,deep,resnet50,bert,hp_latency_p50').slice(8)).toEqual([
      '300',
      'ms',
      '3',
      'sim',
      'gpu-a',
      'simulated',
      '',
    ]);
    // 30 iterations in a window of 2 s; 50 where the entry overrides the number.
    expect(find('small,deep,resnet50,txl,be_throughput').slice(5, 8)).toEqual(['15', '15', '15']);
    expect(find('small,ideal,resnet50,txl,be_throughput').slice(5, 8)).toEqual(['25', '25', '25']);
  });

  test('marks a p99 of too few requests or runs, and what is made of it', async () => {
    await runAll();
    const marked = read('results.csv')
      .split('\n')
      .filter((row) => row.includes('p99'));
    expect(marked).toHaveLength(12);
    for (const row of marked)
      expect(row).toMatch(/,"p99 of 300 requests a cell, fewer than 1000"$/);
  });

  test('the same records give the same bytes', async () => {
    await runAll();
    const before = read('results.csv');
    rmSync(out('results.csv'));
    gather(workspace.args);
    expect(read('results.csv')).toBe(before);
  });

  test('tables have the artifact’s layout', async () => {
    await runAll();
    expect(read('results/deep_latency.csv')).toBe(
      ',ResNet50,Other\nBERT,55.00/0.00,0\nTransformer,55.00/0.00,0\n',
    );
  });

  test('refuses truncated records, records of another plan, and missing ones', async () => {
    await runAll();
    const csv = out('raw/deep/resnet50_bert_s2.csv');
    const whole = readFileSync(csv, 'utf8');
    writeFileSync(csv, whole.slice(0, -40));
    expect(() => gather(workspace.args)).toThrow(
      /resnet50_bert_s2\.csv:\d+: .*the file ends in the middle of a row/,
    );
    writeFileSync(csv, whole);
    writeFileSync(out('raw/deep/resnet50_bert_s2.json'), read('raw/deep/resnet50_bert_s1.json'));
    expect(() => gather(workspace.args)).toThrow(
      /resnet50_bert_s2\.json: is about plan resnet50_bert_s1/,
    );
    rmSync(out('raw/deep/resnet50_bert_s2.json'));
    expect(() => gather(workspace.args)).toThrow(
      /resnet50_bert_s2\.json: no such file; run this system again/,
    );
  });

  test('run.json says what the results came from', async () => {
    await runAll();
    const record = JSON.parse(read('run.json')) as { runs: { system: string; plans: unknown }[] };
    expect(record).toMatchObject({
      figure: 'paper/small',
      lane: 'sim',
      gpu: 'gpu-a',
      label: 'simulated',
      seeds: [1, 2, 3],
    });
    expect(record.runs.map(({ system, plans }) => [system, plans])).toEqual([
      ['ideal', { total: 9, ran: 9, ran_s: expect.any(Number) }],
      ['deep', { total: 6, ran: 6, ran_s: expect.any(Number) }],
    ]);
  });
});

describe('plot', () => {
  test('renders four files, the same bytes each time, with lane, GPU and label on the plot', async () => {
    await runAll();
    await plot(workspace.args);
    const files = ['small.vl.json', 'small.svg', 'small.png', 'small.html'];
    const before = files.map((name) => readFileSync(out(name)));
    await plot(workspace.args);
    expect(files.map((name) => readFileSync(out(name)))).toEqual(before);
    expect(read('small.svg')).toContain(
      'gpu-a  ·  lane: sim (simulated GPU)  ·  simulated  ·  3 runs a cell',
    );
    expect(readFileSync(out('small.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  test('the drawing does not change unnoticed', async () => {
    await runAll();
    await plot(workspace.args);
    expect(read('small.svg')).toMatchSnapshot();
  });

  test('a plot that Vega-Lite refuses is named with the reason', async () => {
    await runAll();
    const path = join(workspace.args.figure, 'small.vl.json');
    writeFileSync(path, '{"data": {"url": "results.csv"}, "mark": "bra"}');
    await expect(plot(workspace.args)).rejects.toThrow(path);
    writeFileSync(path, '{"mark": }');
    await expect(plot(workspace.args)).rejects.toThrow(
      `${path}:1:10: not valid JSON: found }; expected a value`,
    );
    rmSync(path);
    await expect(plot(workspace.args)).rejects.toThrow(
      `${path}: no such file; it is listed in plots of`,
    );
  });
});

describe('check', () => {
  test('a thin p99 leaves a claim untested; without the mark it holds', async () => {
    await runAll();
    expect(check(workspace.args)[0]).toMatchObject({ id: 'ideal-first', verdict: 'UNTESTED' });
    const csv = read('results.csv').replaceAll('"p99 of 300 requests a cell, fewer than 1000"', '');
    writeFileSync(out('results.csv'), csv);
    expect(check(workspace.args)[0]).toMatchObject({
      verdict: 'HOLDS',
      summary: 'holds in 2 of 2 cells',
    });
    expect(read('verdict.md')).toContain(
      '| [ideal-first](#ideal-first) | ✔ HOLDS | holds in 2 of 2 cells |',
    );
  });

  test('a claim that fails is a result: exit code 0, printed and published', async () => {
    const figure = smallFigure();
    const claim = figure.claims?.[0];
    if (claim?.kind !== 'order') throw new Error('the small figure has an order claim');
    workspace.write({
      ...figure,
      claims: [{ ...claim, metric: 'hp_latency_p50', relations: ['>'] }],
    });
    await runAll();
    const { status, stdout } = spawnSync(
      'node',
      [
        '--import',
        'tsx',
        'tools/pipeline/src/check.ts',
        '--figure',
        workspace.args.figure,
        '--out',
        workspace.args.out,
      ],
      { cwd: ROOT, encoding: 'utf8' },
    );
    expect(status).toBe(0);
    expect(stdout).toContain(
      'FAILS    ideal-first: holds in 0 of 2 cells; hp=resnet50, be=bert: ideal 5.5 not > deep 55',
    );
    expect(JSON.parse(read('verdict.json'))).toMatchObject({ claims: [{ verdict: 'FAILS' }] });
  });
});

describe('status', () => {
  const steps = (figure = smallFigure()): ReturnType<typeof figureStatus> =>
    figureStatus(figure, workspace.args, workspace.native);
  const pending = (figure = smallFigure()): string[] =>
    steps(figure)
      .filter(({ state }) => state !== 'fresh')
      .map(({ step, state, reason }) => `${step}: ${state}, ${reason}`);

  test('new, then fresh, then stale for a reason and with an estimate', async () => {
    expect(pending()[1]).toBe('run ideal: new, 9 plans, never finished here');
    await runAll();
    await plot(workspace.args);
    check(workspace.args);
    expect(pending()).toEqual([]);

    writeFileSync(
      join(workspace.native, 'programs/gpu-a/txl-training.program.gz'),
      'recorded again',
    );
    expect(pending()).toEqual([
      'run ideal: stale, 9 of 9 plans; changed: program gpu-a/txl-training',
      'run deep: stale, 6 of 6 plans; changed: program gpu-a/txl-training',
      'gather: stale, after run ideal, run deep',
      'plot: stale, after gather',
      'check: stale, after gather',
    ]);
    expect(steps()[1]?.seconds).toBeGreaterThan(0);
    expect(statusReport(workspace.args, steps())).toMatch(/: 5 steps to run, about \d+ s\n/);
  });

  test('a caption makes no run stale, a seed makes its plans stale', async () => {
    await runAll();
    await plot(workspace.args);
    check(workspace.args);
    expect(pending({ ...smallFigure(), title: 'Another title' })).toEqual([
      'plot: stale, changed: titles and labels of figure.json',
    ]);
    expect(pending({ ...smallFigure(), seeds: [1, 2, 4] }).slice(0, 3)).toEqual([
      'prep: stale, changed: systems, axes, seeds and GPU of figure.json',
      'run ideal: stale, 3 of 9 plans; plans new, changed or unfinished: hp-resnet50_s4, be-bert_s4, be-txl_s4',
      'run deep: stale, 2 of 6 plans; plans new, changed or unfinished: resnet50_bert_s4, resnet50_txl_s4',
    ]);
  });
});

describe('bad surroundings', () => {
  const step = (name: string, ...extra: string[]): { status: number | null; stderr: string } =>
    spawnSync('node', ['--import', 'tsx', `tools/pipeline/src/${name}.ts`, ...extra], {
      cwd: ROOT,
      encoding: 'utf8',
    });

  test('an output folder that is a file, or that may not be written', () => {
    writeFileSync(out(), '');
    expect(() => prep(workspace.args, workspace.native)).toThrow(/EEXIST|ENOTDIR/);
    const { status, stderr } = step('gather', '--figure', workspace.args.figure, '--out', out());
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    rmSync(out());
    mkdirSync(out());
    appendFileSync(out('plans'), '');
    chmodSync(out(), 0o500);
    expect(() => prep(workspace.args, workspace.native)).toThrow();
    chmodSync(out(), 0o700);
  });

  test.each([
    [
      'an unknown option',
      ['--figur', 'x'],
      'error: unknown option "--figur"; did you mean "--figure"?\n',
    ],
    [
      'no figure',
      ['--out', 'x'],
      'error: --figure is missing; expected the folder of a figure.json\n',
    ],
    [
      'an unknown lane',
      ['--figure', 'x', '--out', 'y', '--lane', 'cudaa'],
      'error: --lane: unknown lane "cudaa"; did you mean "cuda"?\n',
    ],
  ])('%s', (_, extra, message) => {
    expect(step('prep', ...extra)).toMatchObject({ status: 64, stderr: message });
  });
});
