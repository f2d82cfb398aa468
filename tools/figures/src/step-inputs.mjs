// @ts-check
/**
 * The cache inputs of a pipeline step, derived from its source: the modules it imports,
 * transitively, the files it names by `new URL('…', import.meta.url)`, and the npm packages it
 * uses.
 *
 * A list kept by hand would be either too wide (touching the plot step would re-run every
 * simulation) or, sooner or later, too short (a helper changes and stale results are served). Nx
 * hashes inputs per task but not the list itself, so a new import costs nothing until the imported
 * file changes.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const STATEMENT =
  /(?:^|\n)[ \t]*(?:import|export)\s+(type\s)?(?:[^'";]*?\bfrom\s*)?['"]([^'"\n]+)['"]/g;
const DYNAMIC = /\bimport\(\s*['"]([^'"\n]+)['"]/g;
/**
 * A package is used by import, or by name where its files are looked up: any literal that names one
 * counts.
 */
const LITERAL = /['"]([@a-z][^'"\s]*)['"]/g;
const ASSET = /\bnew URL\(\s*['"](\.[^'"\n]+)['"]\s*,\s*import\.meta\.url/g;

/** A path that only climbs finds the workspace root; it names no file that the step depends on. */
const ASCENT = /^[./]+$/;

/**
 * @typedef {object} StepSources
 * @property {string[]} files paths relative to the workspace, sorted
 * @property {string[]} packages npm packages that the step uses, sorted
 */

/** Reads each source once per graph, however many figures share it. */
export class StepReader {
  /** @type {Map<string, StepSources>} */
  #steps = new Map();
  /** @type {Map<string, {relative: string[], packages: string[]}>} */
  #modules = new Map();
  /** @type {Set<string>} */
  #known;

  /** @param {string} root absolute path of the workspace */
  constructor(root) {
    this.root = root;
    /** @type {{dependencies?: Record<string, string>, devDependencies?: Record<string, string>}} */
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    this.#known = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
  }

  /**
   * @param {string} entry path of the step's main module, relative to the workspace
   * @returns {StepSources}
   */
  sources(entry) {
    let sources = this.#steps.get(entry);
    if (!sources) {
      sources = this.#walk(entry);
      this.#steps.set(entry, sources);
    }
    return sources;
  }

  /**
   * @param {string} entry
   * @returns {(string | {externalDependencies: string[]})[]} in the form that a target's `inputs` take
   */
  inputs(entry) {
    const { files, packages } = this.sources(entry);
    return [...files.map((file) => `{workspaceRoot}/${file}`), { externalDependencies: packages }];
  }

  /**
   * @param {string} entry
   * @returns {StepSources}
   */
  #walk(entry) {
    const files = new Set([entry]);
    const packages = new Set(['tsx']);
    for (const file of files) {
      const module = this.#module(file);
      module.relative.forEach((relative) => files.add(relative));
      module.packages.forEach((name) => packages.add(name));
    }
    return { files: [...files].sort(), packages: [...packages].sort() };
  }

  /** @param {string} file */
  #module(file) {
    let module = this.#modules.get(file);
    if (!module) {
      module = /\.m?[jt]s$/.test(file) ? this.#scan(file) : { relative: [], packages: [] };
      this.#modules.set(file, module);
    }
    return module;
  }

  /** @param {string} file */
  #scan(file) {
    const text = read(join(this.root, file));
    const imports = [
      ...[...text.matchAll(STATEMENT)]
        .filter((match) => match[1] === undefined)
        .map((match) => match[2] ?? ''),
      ...[...text.matchAll(DYNAMIC)].map((match) => match[1] ?? ''),
    ];
    const assets = [...text.matchAll(ASSET)]
      .map((match) => match[1] ?? '')
      .filter((path) => !ASCENT.test(path));
    const here = dirname(file);
    return {
      relative: [...imports.filter((specifier) => specifier.startsWith('.')), ...assets]
        .map((path) => posix.join(here, path))
        .map((path) => (path.endsWith('/') ? `${path}**/*` : path)),
      packages: [...text.matchAll(LITERAL)]
        .map((match) => match[1] ?? '')
        .map((literal) => literal.split('/', literal.startsWith('@') ? 2 : 1).join('/'))
        .filter((literal) => this.#known.has(literal)),
    };
  }
}

/**
 * A module that does not exist is left to the step itself to report, with the importing line.
 *
 * @param {string} path
 */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
