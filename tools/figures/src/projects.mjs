// @ts-check
/**
 * A figure as Nx projects.
 *
 * Nx hashes a project's whole configuration into each of its tasks: were all of a figure's tasks in
 * the paper's project, adding a figure or a system would re-run every other one. So each figure,
 * and each (figure × system), is a project of its own, at a root that no directory needs to exist
 * for, and the paper's project holds only an alias:
 *
 *     orion:fig7 ──▶ orion/fig7:check ──▶ :plot ──▶ :gather ──▶ orion/fig7/reef:run ──▶ orion/fig7:prep
 *                                                               orion/fig7/…:run    ├─▶ shared-native:build
 *                                                                                   └─▶ shared-native:gpu
 *
 * Lanes are configurations of these targets (lanes.mjs). `dependsOn` and `inputs` are one list for all
 * configurations, so what only one lane does is a task that does nothing in the others: an entry that a lane
 * does not run, the build where nothing is run, `shared-native:gpu` where no GPU is used.
 *
 * `dependsOn` and `inputs` are no part of that configuration hash; commands, options and outputs
 * are. Hence a system may be added to a figure without touching the tasks of the others, as long as
 * those name only themselves.
 */

import { SYSTEMS, WORKLOADS } from './figure-file.mjs';
import { lanes } from './lanes.mjs';

/** @typedef {import('./figure-file.mjs').FigureGraph} FigureGraph */
/** @typedef {import('./lanes.mjs').Lane} Lane */
/** @typedef {import('./step-inputs.mjs').StepReader} StepReader */
/** @typedef {Record<string, unknown>} Target */
/** @typedef {Record<string, {name?: string, root: string, tags?: string[], targets: Record<string, Target>}>} Projects */

const PIPELINE = 'tools/pipeline/src';
const NATIVE = 'packages/shared-native';

/** Fields of figure.json that cannot change a plan: a caption edit must not reach the simulator. */
const PRESENTATION = [
  ...[
    '$schema',
    'title',
    'description',
    'baseline',
    'metrics',
    'means',
    'plots',
    'tables',
    'winners',
    'claims',
  ],
];

/**
 * @param {FigureGraph} figure
 * @param {StepReader} steps
 * @returns {Projects} by project root
 */
export function figureProjects(figure, steps) {
  const { paper, id } = figure;
  const name = `${paper}/${id}`;
  /** @type {Projects} */
  const projects = {
    [`packages/${paper}`]: {
      name: paper,
      root: `packages/${paper}`,
      targets: { [id]: alias(figure) },
    },
    [name]: {
      name,
      root: name,
      tags: ['figure'],
      targets: {
        prep: prep(figure, steps),
        gather: gather(figure, steps),
        plot: plot(figure, steps),
        check: check(figure, steps),
        status: status(figure),
      },
    },
  };
  for (const unit of runUnits(figure)) {
    const root = `${name}/${unit.path}`;
    projects[root] = {
      name: root,
      root,
      tags: ['figure-system'],
      targets: { run: run(figure, unit, steps) },
    };
  }
  return projects;
}

/**
 * What one run task runs: a system entry, or one value of an axis under it.
 *
 * @typedef {object} RunUnit
 * @property {string} path below the figure's root
 * @property {import('./figure-file.mjs').SystemNode} system
 * @property {string | null} value
 * @property {string[]} programs
 * @property {string[]} gapFiles
 */

/**
 * @param {FigureGraph} figure
 * @returns {RunUnit[]}
 */
function runUnits({ systems, runValues, programs, gapFiles }) {
  if (runValues === null) {
    return systems.map((system) => ({
      ...{ path: system.id, system, value: null, programs, gapFiles },
    }));
  }
  return systems.flatMap((system) =>
    runValues.map((value) => ({
      ...{ path: `${system.id}/${value.id}`, system, value: value.id },
      ...{ programs: value.programs, gapFiles: value.gapFiles },
    })),
  );
}

/**
 * What a user names. Never cached: it only prints where the results are.
 *
 * @param {FigureGraph} figure
 * @returns {Target}
 */
function alias(figure) {
  return {
    ...target('node tools/figures/src/summary.mjs', figure, []),
    cache: false,
    dependsOn: [{ projects: [`${figure.paper}/${figure.id}`], target: 'check' }],
    // Inputs of an uncached target serve `nx affected` only.
    inputs: [
      `{workspaceRoot}/${folder(figure)}/**/*`,
      { dependentTasksOutputFiles: '**/*', transitive: true },
    ],
  };
}

/**
 * The definition as plan files, one folder a system.
 *
 * @param {FigureGraph} figure
 * @param {StepReader} steps
 * @returns {Target}
 */
function prep(figure, steps) {
  return {
    ...step('prep', figure, ['plans', record('prep')]),
    inputs: [
      definition(figure, PRESENTATION),
      `{workspaceRoot}/${NATIVE}/schemas/*.json`,
      ...registered(figure),
      // Which systems there are: an edit of one writes the same plans again, and ends there.
      ...(figure.takesSystems
        ? [`{workspaceRoot}/${SYSTEMS}/*.cpp`, `!{workspaceRoot}/${SYSTEMS}/*_test.cpp`]
        : []),
      // What ops cost the hosts of measured runs, for their simulation.
      `{workspaceRoot}/packages/${figure.paper}/measured/*/${figure.id}/raw/*.json`,
      ...steps.inputs(`${PIPELINE}/prep.ts`),
    ],
  };
}

/**
 * One system's plans through the core. It depends on those plans, on the programs and
 * specifications that they name, and on the fingerprint of the code that runs them: not on the
 * binary, which every edit in the core's tests, command line and other systems changes. On a GPU,
 * `shared-native:gpu` adds that GPU, its driver and the code that drives it. Runs alone, since it uses
 * every core, or the GPU, itself and draws one progress bar.
 *
 * @param {FigureGraph} figure
 * @param {RunUnit} unit
 * @param {StepReader} steps
 * @returns {Target}
 */
function run(figure, { system, value, programs, gapFiles }, steps) {
  const gpus = new Set([
    ...[figure.gpu, figure.cudaGpu],
    ...programs.map((program) => program.replace(/\/.*$/, '')),
  ]);
  // Plans are named after the values of their axes, the first one first.
  const plans = value === null ? system.id : `${system.id}/${value}_*`;
  const flags = [
    ` --system ${system.id}`,
    value === null ? '' : ` --only ${value}`,
    figure.synthetic ? ' --programs synthetic' : '',
    figure.recordsRefusals ? ' --record-refusals' : '',
  ];
  const name = value === null ? system.id : `${system.id}_${value}`;
  return {
    ...step('run', figure, [`raw/${plans}`, record(`run-${name}`)], flags.join(''), system.id),
    parallelism: false,
    dependsOn: [
      { projects: [`${figure.paper}/${figure.id}`], target: 'prep' },
      { projects: ['shared-native'], target: 'build' },
      { projects: ['shared-native'], target: 'gpu' },
    ],
    inputs: [
      {
        dependentTasksOutputFiles:
          value === null ? `**/plans/${system.id}/**/*` : `**/plans/${plans}`,
      },
      { dependentTasksOutputFiles: `**/fingerprints/${system.system}.txt` },
      { dependentTasksOutputFiles: `**/gpu/${system.system}.txt` },
      ...[...gpus].sort().map((gpu) => `{workspaceRoot}/${NATIVE}/gpus/${gpu}.json`),
      ...programs.map((program) => `{workspaceRoot}/${NATIVE}/programs/${program}.program.gz`),
      ...gapFiles.map((file) => `{workspaceRoot}/${file}`),
      ...steps.inputs(`${PIPELINE}/run.ts`),
    ],
  };
}

/**
 * Records as tidy results with intervals.
 *
 * @param {FigureGraph} figure
 * @param {StepReader} steps
 * @returns {Target}
 */
function gather(figure, steps) {
  const { paper, id } = figure;
  return {
    ...step('gather', figure, ['*.csv', 'winners.md', 'results', 'run.json', record('gather')]),
    dependsOn: [
      'prep',
      { projects: runUnits(figure).map(({ path }) => `${paper}/${id}/${path}`), target: 'run' },
    ],
    inputs: [
      // The title heads the table of winners.
      definition(figure, [
        ...['$schema', 'description', 'plots', 'claims'],
        ...(figure.hasWinners ? [] : ['title']),
      ]),
      ...registered(figure),
      { dependentTasksOutputFiles: '**/{plans,raw}/**/*' },
      `{workspaceRoot}/packages/${paper}/measured/*/${id}/**/*`,
      ...steps.inputs(`${PIPELINE}/gather.ts`),
    ],
  };
}

/**
 * Results as Vega-Lite, SVG, PNG and HTML.
 *
 * @param {FigureGraph} figure
 * @param {StepReader} steps
 * @returns {Target}
 */
function plot(figure, steps) {
  return {
    ...step('plot', figure, ['*.vl.json', '*.svg', '*.png', '*.html', record('plot')]),
    dependsOn: ['gather'],
    inputs: [
      definition(figure, ['$schema', 'claims', 'winners']),
      ...registered(figure),
      ...figure.plots.map((file) => `{workspaceRoot}/${file}`),
      ...[...new Set([figure.gpu, figure.cudaGpu])].map(
        (gpu) => `{workspaceRoot}/${NATIVE}/gpus/${gpu}.json`,
      ),
      { dependentTasksOutputFiles: '**/*.csv' },
      ...steps.inputs(`${PIPELINE}/plot.ts`),
    ],
  };
}

/**
 * Results as verdicts on the paper's claims.
 *
 * @param {FigureGraph} figure
 * @param {StepReader} steps
 * @returns {Target}
 */
function check(figure, steps) {
  return {
    ...step('check', figure, ['verdict.json', 'verdict.md', record('check')]),
    dependsOn: ['gather', 'plot'],
    inputs: [
      definition(figure, ['$schema', 'title', 'description', 'plots', 'tables', 'winners']),
      ...registered(figure),
      `{workspaceRoot}/packages/${figure.paper}/reference.json`,
      { dependentTasksOutputFiles: '**/*.csv' },
      ...steps.inputs(`${PIPELINE}/check.ts`),
    ],
  };
}

/**
 * What is stale, why, and how long it will take. Runs nothing.
 *
 * @param {FigureGraph} figure
 * @returns {Target}
 */
function status(figure) {
  const command = `node --import tsx ${PIPELINE}/status.ts --figure ${folder(figure)}`;
  return { ...target(command, figure, []), cache: false };
}

/**
 * A cached pipeline step with its command and outputs in every configuration.
 *
 * @param {'prep' | 'run' | 'gather' | 'plot' | 'check'} name
 * @param {FigureGraph} figure
 * @param {string[]} outputs paths below the figure's output folder
 * @param {string} [flags]
 * @param {string} [entry] the system entry that the step is for
 * @returns {Target}
 */
function step(name, figure, outputs, flags = '', entry) {
  const command = `node --import tsx ${PIPELINE}/${name}.ts --figure ${folder(figure)}${flags}`;
  return { ...target(command, figure, outputs, entry), cache: true };
}

/**
 * @param {string} command
 * @param {FigureGraph} figure
 * @param {string[]} outputs
 * @param {string} [entry] the system entry that the target is for: it does nothing in a lane without it
 * @returns {Target}
 */
function target(command, figure, outputs, entry) {
  /** @param {Lane} lane */
  const options = ({ flags, folder: lane, entries }) => {
    const results = `out/${figure.paper}/${figure.id}/${lane}`;
    const idle = entry !== undefined && !entries.includes(entry);
    return {
      commands: idle ? [] : [`${command}${flags} --out ${results}`],
      ...{ results, parallel: false, forwardAllArgs: false },
    };
  };
  const { published, configurations } = lanes(figure);
  return {
    executor: 'nx:run-commands',
    options: options(published),
    configurations: Object.fromEntries(
      Object.entries(configurations).map(([name, lane]) => [name, options(lane)]),
    ),
    outputs: outputs.map((path) => `{options.results}/${path}`),
  };
}

/**
 * What the definition takes from outside its file: ids and labels of workload mixes.
 *
 * @param {FigureGraph} figure
 */
function registered(figure) {
  return figure.takesWorkloads ? [`{workspaceRoot}/${WORKLOADS}/*.json`] : [];
}

/**
 * The figure's definition without the fields that a step does not read.
 *
 * @param {FigureGraph} figure
 * @param {string[]} excludeFields
 */
function definition(figure, excludeFields) {
  return { json: `{workspaceRoot}/${folder(figure)}/figure.json`, excludeFields };
}

/**
 * A step's note of when, where and from what it ran, below the output folder. It is restored with
 * the step's results, and is no other step's input: it differs on every run.
 *
 * @param {string} name
 */
function record(name) {
  return `provenance/${name}.json`;
}

/** @param {FigureGraph} figure */
function folder(figure) {
  return `packages/${figure.paper}/figures/${figure.id}`;
}
