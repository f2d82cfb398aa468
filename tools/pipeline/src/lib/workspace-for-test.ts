/** A figure, a core's package folder and a stand-in for the core, in a temporary folder of one test. */

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepArgs } from './args.ts';
import type { FigureDefinition } from './figure-schema.ts';
import { SMALL_PLOT, smallFigure } from './figure-for-test.ts';

/**
 * The stand-in: a Node program with the core's command line. Request k arrives at 200 ms × k and takes k mod 10 + 1
 * milliseconds; ten times that under reef. Half of the SMs are busy. In lane cuda it says that a "Test GPU" measured it. A marker file next to it
 * makes it fail, hang after one plan, say that reef is unavailable, or refuse where it may.
 */
const STAND_IN = `#!/usr/bin/env node
const fs = require('node:fs');
const path = require('node:path');
const words = process.argv.slice(3);
const value = (name) => words[words.indexOf(name) + 1];
const out = value('--out');
const plans = words.slice(0, words.findIndex((word) => word.startsWith('--')));
const mode = fs.existsSync(__filename + '.mode') ? fs.readFileSync(__filename + '.mode', 'utf8') : '';
fs.mkdirSync(out, { recursive: true });
fs.appendFileSync(__filename + '.log', plans.length + '\\n');
if (mode === 'fail') {
  process.stderr.write('error: plan.json: system.params.dpth: unknown parameter "dpth"; did you mean "depth"?\\n');
  process.exit(65);
}
if (mode === 'silent') process.exit(3);
for (const file of plans) {
  const plan = JSON.parse(fs.readFileSync(file, 'utf8'));
  const base = path.join(out, plan.id);
  const digest = JSON.stringify(plan);
  if (fs.existsSync(base + '.json') && JSON.parse(fs.readFileSync(base + '.json')).input_digest === digest) continue;
  const summary = {
    version: 1, plan: plan.id, system: plan.system.name, gpu: plan.gpu, seed: plan.seed, input_digest: digest,
    ...(value('--lane') === 'cuda'
      ? { lane: 'cuda', label: 'measured', machine: { gpu: { name: 'Test GPU' }, software: { torch: '2' } },
          counters: { hosts: [{ clients: ['hp', 'be'], launch_ns: { p25: 2900, p50: 3000, p75: 3400 } }] } }
      : { lane: 'sim', label: 'simulated' }),
  };
  const refused = mode === 'refuse' && words.includes('--record-refusals');
  if ((refused || mode === 'unavailable') && plan.system.name === 'reef') {
    const reason = { unavailable: 'no such thing here', ...(refused ? { refused } : {}) };
    fs.writeFileSync(base + '.json', JSON.stringify({ ...summary, ...reason }));
    continue;
  }
  const scale = plan.system.name === 'reef' ? 10 : 1;
  const rows = [];
  const clients = [];
  for (const { name, requests = 30 } of plan.clients) {
    for (let k = 0; k < requests; k++) {
      const start = k * 200e6;
      rows.push([name, k, start, start, start + ((k % 10) + 1) * 1e6 * scale]);
    }
    clients.push({ name, requests, iterations_in_window: requests });
  }
  rows.sort((a, b) => a[4] - b[4]);
  process.stderr.write(JSON.stringify({ plan: plan.id, done: 1, sim_ns: 1 }) + '\\n');
  fs.writeFileSync(base + '.csv', ['client,index,arrival_ns,start_ns,end_ns', ...rows].join('\\n') + '\\n');
  const use = {};
  if (plan.utilization_interval_ns) {
    const series = 'gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram\\n0,0,' + 1e9 * scale + ',0.5,0.2,0.4,0.3\\n';
    fs.writeFileSync(base + '.utilization.csv', series);
    use.utilization = [{ gpu: 0, sm_busy: 0.5, occupancy: 0.2, compute: 0.4, dram: 0.3 }];
    use.utilization_sha256 = require('node:crypto').createHash('sha256').update(series).digest('hex');
  }
  fs.writeFileSync(base + '.json', JSON.stringify({ counters: {}, ...summary, duration_ns: 2e9, ...use, clients }));
  if (mode === 'hang') { setInterval(() => {}, 1000); break; }
}
`;

export interface TestWorkspace {
  root: string;
  native: string;
  core: string;
  args: StepArgs;
  /** Replaces the figure. */
  write: (figure: FigureDefinition) => void;
  /** How the stand-in behaves: '' well, 'fail', 'silent', 'hang', 'unavailable' or 'refuse'. */
  behave: (mode: string) => void;
  remove: () => void;
}

export function testWorkspace(figure = smallFigure()): TestWorkspace {
  const root = mkdtempSync(join(tmpdir(), 'cotenant-pipeline-'));
  const folder = join(root, 'packages/paper/figures/small');
  const native = join(root, 'native');
  const core = join(root, 'stand-in.cjs');
  const file = (path: string, content: string): void => {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  };
  for (const name of ['ideal', 'reef', 'mps_priority', 'reef_test'])
    file(join(native, `src/systems/${name}.cpp`), '');
  for (const name of ['gpu-a', 'gpu-b']) file(join(native, `gpus/${name}.json`), '{}');
  for (const name of ['resnet50-inference', 'bert-training', 'txl-training']) {
    file(join(native, `programs/gpu-a/${name}.program.gz`), name);
  }
  file(join(folder, 'small.vl.json'), JSON.stringify(SMALL_PLOT));
  file(core, STAND_IN);
  chmodSync(core, 0o755);
  const write = (definition: FigureDefinition): void => {
    file(join(folder, 'figure.json'), JSON.stringify(definition));
  };
  write(figure);
  return {
    root,
    native,
    core,
    args: {
      figure: folder,
      out: join(root, 'out'),
      lane: 'sim',
      plans: 'own',
      quick: false,
      system: undefined,
    },
    write,
    behave: (mode) => {
      writeFileSync(`${core}.mode`, mode);
    },
    remove: () => {
      rmSync(root, { recursive: true });
    },
  };
}
