// @ts-check
/**
 * What the task graph needs to know of a figure definition, and no more.
 *
 * The pipeline's `prep` step validates the whole definition against its schema. The graph must be
 * built before any step can run, on every nx command, so this reader looks only at the fields that
 * shape the graph and is quick.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';

/**
 * A definition that cannot be turned into tasks. The message is one line: file, place, what would
 * be right.
 */
export class FigureError extends Error {}

/**
 * @typedef {object} FigureGraph
 * @property {string} paper folder name under packages/
 * @property {string} id folder name under figures/
 * @property {string} gpu id of the GPU specification that the plans run on
 * @property {string} cudaGpu the same of the plans for a real GPU
 * @property {boolean} synthetic whether a real GPU runs generated kernels in place of the models
 * @property {SystemNode[]} systems of the figure's own plans, then those that only plans for a real GPU have
 * @property {string[]} plots Vega-Lite files, relative to the workspace
 * @property {string[]} programs ids (`<gpu>/<name>`) of every program that a client names, sorted
 * @property {string[]} gapFiles arrival traces that a client names, sorted
 * @property {RunValue[] | null} runValues of the axis by whose values the systems are run; null: a system is one task
 * @property {boolean} recordsRefusals whether systems may refuse cells
 * @property {boolean} hasWinners whether it has a table of them
 * @property {boolean} takesSystems whether it has every registered system
 * @property {boolean} takesWorkloads whether it has every registered workload mix
 */

/**
 * @typedef {object} RunValue
 * @property {string} id
 * @property {string[]} programs as in FigureGraph, of this value
 * @property {string[]} gapFiles likewise
 */

/**
 * @typedef {object} SystemNode
 * @property {string} id the figure's own name of the system
 * @property {string} system the scheduler behind it
 * @property {boolean} own whether the figure's own plans have it
 * @property {boolean} cuda whether its plans for a real GPU have it
 * @property {boolean} quick whether the reduced form of the figure's own plans has it
 * @property {boolean} cudaQuick whether that of its plans for a real GPU has it
 */

const REGISTERED = 'registered';
/** A system is registered by its file, as in the pipeline's catalogue. */
export const SYSTEMS = 'packages/shared-native/src/systems';
export const WORKLOADS = 'packages/baselines/workloads';

const NAME = /^[a-z0-9][a-z0-9._-]*$/;

/**
 * @param {string} root absolute path of the workspace
 * @param {string} file path of a figure.json, relative to the workspace
 * @returns {FigureGraph}
 */
export function readFigure(root, file) {
  const folder = dirname(file);
  const paper = basename(dirname(dirname(folder)));
  const id = basename(folder);
  const written = object(parse(readFileSync(join(root, file), 'utf8'), file), `${file}: the file`);
  const { figure, takesSystems, takesWorkloads } = withRegistered(root, written);

  expectFolderName(file, 'paper', figure['paper'], paper);
  expectFolderName(file, 'id', figure['id'], id);
  const gpu = name(figure['gpu'], `${file}: gpu`, 'h200');
  const cuda = object(figure['cuda'] ?? {}, `${file}: cuda`);
  return {
    paper,
    id,
    gpu,
    cudaGpu: name(cuda['gpu'] ?? gpu, `${file}: cuda.gpu`, 'h200'),
    synthetic: cuda['programs'] === 'synthetic',
    systems: allSystems(figure['systems'], cuda['systems'], file).map((entry) => ({
      ...entry,
      quick: entry.own && keeps(figure['quick'], entry.id),
      cudaQuick: entry.cuda && keeps(cuda['quick'] ?? figure['quick'], entry.id),
    })),
    plots: plots(figure['plots'], folder),
    programs: strings(figure, 'program'),
    gapFiles: strings(figure, 'gaps_file'),
    runValues: runValues(figure['run_by'], figure['axes'], file),
    recordsRefusals: figure['refusals'] === 'recorded',
    hasWinners: Array.isArray(figure['winners']),
    takesSystems,
    takesWorkloads,
  };
}

/**
 * The lists that end in "registered", filled in (tools/pipeline/src/lib/registered.ts does the same for the steps).
 *
 * @param {string} root
 * @param {Record<string, unknown>} written
 */
function withRegistered(root, written) {
  const { systems, axes } = written;
  const takesSystems = asks(systems);
  const perAxis = Object.entries(isObject(axes) ? axes : {});
  const takesWorkloads = perAxis.some(([, values]) => asks(values));
  /** @type {Record<string, unknown>} */
  const figure = {
    ...written,
    ...(takesSystems ? { systems: filled(systems, registeredSystems(root)) } : {}),
    ...(takesWorkloads
      ? {
          axes: Object.fromEntries(
            perAxis.map(([axis, values]) => [
              axis,
              asks(values) ? filled(values, registeredWorkloads(root)) : values,
            ]),
          ),
        }
      : {}),
  };
  return { figure, takesSystems, takesWorkloads };
}

/**
 * @param {unknown} list
 * @returns {list is unknown[]}
 */
function asks(list) {
  return Array.isArray(list) && list.at(-1) === REGISTERED;
}

/**
 * An entry is named by its system, if it has one, or by its id.
 *
 * @param {unknown[]} list
 * @param {{id: string}[]} registered
 */
function filled(list, registered) {
  const own = list.slice(0, -1);
  const named = own.map((entry) => (isObject(entry) ? (entry['system'] ?? entry['id']) : null));
  return [...own, ...registered.filter(({ id }) => !named.includes(id))];
}

/** @param {string} root */
function registeredSystems(root) {
  return fileNames(root, SYSTEMS, '.cpp')
    .filter((name) => !name.endsWith('_test'))
    .map((name) => ({ id: name.replaceAll('_', '-') }));
}

/** @param {string} root */
function registeredWorkloads(root) {
  return fileNames(root, WORKLOADS, '.json').map((id) => {
    const file = posix.join(WORKLOADS, `${id}.json`);
    const mix = object(
      parse(readFileSync(join(root, file), 'utf8'), file, 'a workload mix'),
      `${file}: the file`,
    );
    return { ...mix, id: name(id, `${file}: the file's name`, 'inference-beside-training') };
  });
}

/**
 * @param {string} root
 * @param {string} folder
 * @param {string} ending
 */
function fileNames(root, folder, ending) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();
}

/**
 * @param {unknown} axis
 * @param {unknown} axes
 * @param {string} file
 * @returns {RunValue[] | null}
 */
function runValues(axis, axes, file) {
  if (axis === undefined) return null;
  const where = `${file}: run_by`;
  const values = object(axes, `${file}: axes`)[name(axis, where, 'mix')];
  if (!Array.isArray(values)) throw new FigureError(`${where}: "${axis}"; expected an axis`);
  return values.map((value, index) => {
    const at = `${file}: axes.${axis}[${index}]`;
    return {
      id: name(object(value, at)['id'], `${at}.id`, 'resnet50'),
      programs: strings(value, 'program'),
      gapFiles: strings(value, 'gaps_file'),
    };
  });
}

/**
 * @param {string} text
 * @param {string} file
 * @param {string} [expected]
 * @returns {unknown}
 */
function parse(text, file, expected = 'a figure definition') {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const position = /position (\d+)/.exec(reason)?.[1];
    const before = position === undefined ? text : text.slice(0, Number(position));
    const line = before.split('\n').length;
    const what = reason.replace(/ in JSON at position.*$/s, '').replace(/\n/g, ' ');
    throw new FigureError(`${file}: line ${line}: not JSON (${what}); expected ${expected}`);
  }
}

/**
 * Entries of the figure's own plans and of those for a real GPU; an entry that is in both has one
 * scheduler, on whose fingerprint its run depends.
 *
 * @param {unknown} ownList
 * @param {unknown} cudaList
 * @param {string} file
 * @returns {Omit<SystemNode, 'quick' | 'cudaQuick'>[]}
 */
function allSystems(ownList, cudaList, file) {
  const own = systems(ownList, `${file}: systems`, []);
  const cuda = cudaList === undefined ? own : systems(cudaList, `${file}: cuda.systems`, own);
  const both = new Map(own.map((entry) => [entry.id, entry]));
  cuda.forEach(({ id, system }, index) => {
    const known = both.get(id);
    if (known !== undefined && known.system !== system) {
      throw new FigureError(
        `${file}: cuda.systems[${index}].system: "${system}", but "${id}" is "${known.system}" in systems; expected another id`,
      );
    }
    both.set(id, { id, system });
  });
  /** @param {{id: string}[]} list @param {string} id */
  const has = (list, id) => list.some((entry) => entry.id === id);
  return [...both.values()].map(({ id, system }) => ({
    ...{ id, system },
    own: has(own, id),
    cuda: has(cuda, id),
  }));
}

/**
 * Whether a reduced form compares an entry: all but those that its own list leaves out.
 *
 * @param {unknown} quick
 * @param {string} id
 */
function keeps(quick, id) {
  const list = isObject(quick) ? quick['systems'] : undefined;
  return !Array.isArray(list) || list.includes(id);
}

/**
 * @param {unknown} value
 * @param {string} list the list's file and field
 * @param {{id: string, system: string}[]} named entries that may be given by their id alone
 * @returns {{id: string, system: string}[]}
 */
function systems(value, list, named) {
  if (!Array.isArray(value) || value.length === 0) {
    throw new FigureError(`${list}: expected a list with at least one system`);
  }
  const seen = new Set();
  return value.map((given, index) => {
    const where = `${list}[${index}]`;
    const entry = named.find(({ id }) => id === given) ?? given;
    if (typeof entry === 'string' && named.length > 0) {
      throw new FigureError(
        `${where}: "${entry}"; expected the id of an entry of systems, or an entry`,
      );
    }
    const fields = object(entry, where);
    const id = name(fields['id'], `${where}.id`, 'reef');
    if (seen.has(id))
      throw new FigureError(`${where}.id: "${id}" appears twice; expected one entry each`);
    seen.add(id);
    return { id, system: name(fields['system'] ?? id, `${where}.system`, 'reef') };
  });
}

/**
 * @param {string} file
 * @param {string} field
 * @param {unknown} value
 * @param {string} folder
 */
function expectFolderName(file, field, value, folder) {
  if (value === folder && NAME.test(folder)) return;
  const shown = JSON.stringify(value) ?? 'nothing';
  throw new FigureError(
    `${file}: ${field}: ${shown}; expected "${folder}", as the folder is named`,
  );
}

/**
 * @param {unknown} value
 * @param {string} where
 * @param {string} example
 * @returns {string}
 */
function name(value, where, example) {
  if (typeof value === 'string' && NAME.test(value)) return value;
  const shown = JSON.stringify(value) ?? 'nothing';
  throw new FigureError(`${where}: ${shown}; expected a name such as "${example}" (a-z 0-9 . _ -)`);
}

/**
 * @param {unknown} value
 * @param {string} folder the figure's
 * @returns {string[]}
 */
function plots(value, folder) {
  const files = Array.isArray(value) ? value.filter((file) => typeof file === 'string') : [];
  return files.map((file) => posix.join(folder, file)).sort();
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {Record<string, unknown>}
 */
function object(value, where) {
  if (isObject(value)) return value;
  throw new FigureError(`${where}: expected an object`);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Every string under the given key, at any depth: clients are written in axes, in overrides and in
 * single cells, and a program missing from a task's inputs would be a stale figure.
 *
 * @param {unknown} value
 * @param {string} key
 * @returns {string[]}
 */
function strings(value, key) {
  /** @type {Set<string>} */
  const found = new Set();
  /** @param {unknown} node */
  const visit = (node) => {
    if (typeof node !== 'object' || node === null) return;
    for (const [field, child] of Object.entries(node)) {
      if (field === key && typeof child === 'string') found.add(child);
      else visit(child);
    }
  };
  visit(value);
  return [...found].sort();
}
