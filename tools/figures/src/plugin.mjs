// @ts-check
/**
 * Local Nx plugin: every packages/<paper>/figures/<id>/figure.json becomes tasks, named
 * `<paper>:<id>`.
 *
 * Nx builds the whole graph before any command, so a definition that cannot be read must not throw
 * here: it would block every figure of every paper. It becomes a task that reports the mistake and
 * fails, and only when it is asked for.
 */
import { dirname, basename } from 'node:path';
import { FigureError, readFigure } from './figure-file.mjs';
import { CONFIGURATIONS } from './lanes.mjs';
import { figureProjects } from './projects.mjs';
import { StepReader } from './step-inputs.mjs';

export const name = 'figures';

/** @typedef {import('./projects.mjs').Projects} Projects */

/** @type {[string, (files: readonly string[], options: unknown, context: {workspaceRoot: string}) => [string, {projects: Projects}][]]} */
export const createNodesV2 = [
  'packages/*/figures/*/figure.json',
  (files, _options, context) => {
    const steps = new StepReader(context.workspaceRoot);
    return files.map((file) => [file, { projects: projects(context.workspaceRoot, file, steps) }]);
  },
];

/**
 * @param {string} root
 * @param {string} file
 * @param {StepReader} steps
 * @returns {Projects}
 */
function projects(root, file, steps) {
  try {
    return figureProjects(readFigure(root, file), steps);
  } catch (error) {
    if (error instanceof FigureError) return reportingProject(file);
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {Projects}
 */
function reportingProject(file) {
  const folder = dirname(file);
  const paper = dirname(dirname(folder));
  const report = {
    executor: 'nx:run-commands',
    cache: false,
    options: { command: `node tools/figures/src/report.mjs ${file}`, forwardAllArgs: false },
    configurations: Object.fromEntries(CONFIGURATIONS.map((name) => [name, {}])),
  };
  return {
    [paper]: { name: basename(paper), root: paper, targets: { [basename(folder)]: report } },
  };
}
