import { expect, test } from '@jest/globals';
import { createNodesV2 } from './plugin.mjs';
import { figure, workspace } from './workspace-for-test.ts';

const FILE = 'packages/orion/figures/fig7/figure.json';

interface Target {
  command?: string;
  options?: { command?: string; commands?: string[] };
  configurations?: Record<string, { commands?: string[]; results?: string }>;
  outputs?: string[];
  inputs?: unknown[];
  dependsOn?: unknown[];
  parallelism?: boolean;
}

/**
 * The targets of every project, as `<project>:<target>`, that the plugin infers from one figure.
 */
function targets(content: unknown): Map<string, Target> {
  const workspaceRoot = workspace({ 'package.json': {}, [FILE]: content });
  const [result] = createNodesV2[1]([FILE], undefined, { workspaceRoot });
  const projects = Object.values(result?.[1].projects ?? {});
  return new Map(
    projects.flatMap(({ name, targets }) =>
      Object.entries(targets).map(([target, value]) => [
        `${name ?? ''}:${target}`,
        value as Target,
      ]),
    ),
  );
}

test('a figure is an alias, a project, and a project a system', () => {
  expect([...targets(figure()).keys()].sort()).toEqual([
    'orion/fig7/mps:run',
    'orion/fig7/reef-deep:run',
    'orion/fig7:check',
    'orion/fig7:gather',
    'orion/fig7:plot',
    'orion/fig7:prep',
    'orion/fig7:status',
    'orion:fig7',
  ]);
});

test('a run depends on its own plans and the fingerprint of its scheduler, not on the binary', () => {
  const inputs = targets(figure()).get('orion/fig7/reef-deep:run')?.inputs ?? [];
  const outputs = inputs.filter((input) => typeof input === 'object');
  expect(outputs).toEqual([
    { dependentTasksOutputFiles: '**/plans/reef-deep/**/*' },
    { dependentTasksOutputFiles: '**/fingerprints/reef.txt' },
    { dependentTasksOutputFiles: '**/gpu/reef.txt' },
    { externalDependencies: ['tsx'] },
  ]);
  expect(inputs).toContain('{workspaceRoot}/packages/shared-native/gpus/v100-16.json');
  expect(inputs).toContain('{workspaceRoot}/packages/shared-native/gpus/h200.json');
  expect(inputs).toContain(
    '{workspaceRoot}/packages/shared-native/programs/h200/a-inference.program.gz',
  );
  expect(inputs).toContain('{workspaceRoot}/x.json');
});

test('a run names nothing of the other systems, so that adding one leaves its hash alone', () => {
  const more = figure({
    systems: [{ id: 'mps' }, { id: 'reef-deep', system: 'reef' }, { id: 'orion' }],
  });
  expect(targets(more).get('orion/fig7/mps:run')).toEqual(
    targets(figure()).get('orion/fig7/mps:run'),
  );
});

test('run by an axis, each value is a task of its own, with its own plans, programs and records', () => {
  const all = targets(figure({ run_by: 'hp', refusals: 'recorded' }));
  expect([...all.keys()].filter((name) => name.endsWith(':run'))).toEqual([
    'orion/fig7/mps/a:run',
    'orion/fig7/reef-deep/a:run',
  ]);
  const run = all.get('orion/fig7/reef-deep/a:run');
  expect(run?.options?.commands?.[0]).toContain(
    'run.ts --figure packages/orion/figures/fig7 --system reef-deep --only a --record-refusals --out',
  );
  expect(run?.outputs).toEqual([
    '{options.results}/raw/reef-deep/a_*',
    '{options.results}/provenance/run-reef-deep_a.json',
  ]);
  const native = '{workspaceRoot}/packages/shared-native/programs/h200';
  expect(run?.inputs).toContainEqual({ dependentTasksOutputFiles: '**/plans/reef-deep/a_*' });
  expect(run?.inputs).toContain(`${native}/a-inference.program.gz`);
  expect(run?.inputs).not.toContain(`${native}/b-training.program.gz`);
  expect(all.get('orion/fig7:gather')?.dependsOn).toContainEqual({
    projects: ['orion/fig7/mps/a', 'orion/fig7/reef-deep/a'],
    target: 'run',
  });
});

test('quick writes to a folder of its own', () => {
  const run = targets(figure()).get('orion/fig7/mps:run');
  expect(run?.outputs?.[0]).toBe('{options.results}/raw/mps');
  expect(run?.configurations?.['quick']).toMatchObject({ results: 'out/orion/fig7/sim-quick' });
  expect(run?.configurations?.['quick']?.commands?.[0]).toMatch(
    /run\.ts .*--system mps --quick --out out\/orion\/fig7\/sim-quick$/,
  );
});

test('a lane is a configuration, with a folder of its own', () => {
  const check = targets(figure({ cuda: { gpu: 'h200' } })).get('orion/fig7:check');
  const lanes = Object.entries(check?.configurations ?? {}).map(([name, { commands }]) => [
    name,
    commands?.[0]?.replace(/^.*figures\/fig7/, ''),
  ]);
  expect(lanes).toEqual([
    ['quick', ' --quick --out out/orion/fig7/sim-quick'],
    ['cuda', ' --lane cuda --out out/orion/fig7/cuda'],
    ['cuda-quick', ' --lane cuda --quick --out out/orion/fig7/cuda-quick'],
    ['sim-h200', ' --plans cuda --out out/orion/fig7/sim-h200'],
    ['measured', ' --lane measured --out out/orion/fig7/measured'],
  ]);
});

test('an entry is run only in the lanes that have it; measurements are not run', () => {
  const all = targets(figure({ cuda: { gpu: 'h200', systems: ['mps', { id: 'streams' }] } }));
  const lanesOf = (project: string): string[] => {
    const run = all.get(`orion/fig7/${project}:run`);
    return Object.entries({ sim: run?.options, ...run?.configurations })
      .filter(([, options]) => options?.commands?.length === 1)
      .map(([name]) => name);
  };
  expect(lanesOf('mps')).toEqual(['sim', 'quick', 'cuda', 'cuda-quick', 'sim-h200']);
  expect(lanesOf('reef-deep')).toEqual(['sim', 'quick']);
  expect(lanesOf('streams')).toEqual(['cuda', 'cuda-quick', 'sim-h200']);
});

test('a reduced form may leave entries out', () => {
  const all = targets(
    figure({
      quick: { systems: ['reef-deep'] },
      cuda: { gpu: 'h200', quick: { systems: ['mps'] } },
    }),
  );
  const commandsOf = (entry: string, lane: string): number | undefined =>
    all.get(`orion/fig7/${entry}:run`)?.configurations?.[lane]?.commands?.length;
  expect(commandsOf('mps', 'quick')).toBe(0);
  expect(commandsOf('reef-deep', 'quick')).toBe(1);
  expect(commandsOf('mps', 'cuda-quick')).toBe(1);
  expect(commandsOf('reef-deep', 'cuda-quick')).toBe(0);
});

test('a definition that cannot be read becomes a task that reports it, and throws nothing', () => {
  const only = targets('{ "id": ');
  expect([...only.keys()]).toEqual(['orion:fig7']);
  expect(only.get('orion:fig7')?.options?.command).toBe(
    `node tools/figures/src/report.mjs ${FILE}`,
  );
});
