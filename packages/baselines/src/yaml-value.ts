/**
 * A YAML file whose every value knows its key and line, so that what is wrong with it can be said where it stands.
 *
 * Reads what the tool's own loader (PyYAML) reads: YAML 1.1, in which `yes` is a truth value, and in which the last of
 * several equal keys counts, as it does in the tool's published config.yaml; the earlier ones become notes.
 */

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { nearest } from '../../../tools/pipeline/src/lib/suggest.ts';

/** Maps that bring in one another, at most: one may bring in itself. */
const MERGES = 8;

/** What is common to all values of a file. */
interface File {
  name: string;
  document: Document;
  lines: LineCounter;
  problems: string[];
  notes: string[];
}

/** A value and where it stands. Problems are collected: one reading of the file names all of them. */
export class YamlValue {
  readonly #file: File;
  readonly #node: Node | null;
  /** Offset in the text of the key, or of the value where there is none. */
  readonly #offset: number;
  /** Keys from the top, with dots. */
  readonly path: string;

  private constructor(file: File, node: Node | null, path: string, offset: number) {
    this.#file = file;
    this.#node = isAlias(node) ? (node.resolve(file.document) ?? null) : node;
    this.path = path;
    this.#offset = offset;
  }

  /** Parses `text`, the content of `name`. Throws UserError where it is not YAML, or not a map. */
  static parse(text: string, name: string): YamlValue {
    const lines = new LineCounter();
    const document = parseDocument(text, {
      version: '1.1',
      uniqueKeys: false,
      lineCounter: lines,
      prettyErrors: false,
    });
    const fault = document.errors[0];
    if (fault !== undefined) {
      const { line, col } = lines.linePos(fault.pos[0]);
      throw new UserError(
        `${name}:${String(line)}:${String(col)}: not valid YAML: ${fault.message}`,
      );
    }
    const file = { name, document, lines, problems: [], notes: [] };
    const top = new YamlValue(file, document.contents, '', 0);
    if (!isMap(top.#node)) {
      throw new UserError(`${name}:1: is ${top.kind()}; expected keys and values`);
    }
    return top;
  }

  /** Where this value stands: "my.yaml:12: models.model0.mode". */
  get where(): string {
    const { line } = this.#file.lines.linePos(this.#offset);
    const at = `${this.#file.name}:${String(line)}`;
    return this.path === '' ? at : `${at}: ${this.path}`;
  }

  /** Records what is wrong with this value: "is 0; expected …". */
  problem(what: string): void {
    this.#file.problems.push(`${this.where}: ${what}`);
  }

  /** Records what the user should know and what stops nothing. */
  note(what: string): void {
    this.#file.notes.push(`${this.where}: ${what}`);
  }

  /** Throws UserError with every problem, a line each; else returns the notes. */
  finish(): string[] {
    if (this.#file.problems.length > 0) throw new UserError(this.#file.problems.join('\n'));
    return this.#file.notes;
  }

  /** The last entry of a map with this key; undefined if there is none, or this is no map. */
  find(key: string): YamlValue | undefined {
    return this.entries().findLast((entry) => entry.key === key)?.value;
  }

  /** The entry of this key; a missing one is a problem, which names a key that looks like it. */
  get(key: string, expected: string): YamlValue | undefined {
    const value = this.find(key);
    if (value !== undefined) return value;
    if (!isMap(this.#node)) return undefined; // a problem of its own, said where the map was asked for
    const near = nearest(
      key,
      this.entries().map((entry) => entry.key),
    );
    this.problem(
      `has no '${key}'${near === null ? '' : ` (is '${near}' it?)`}; expected ${expected}`,
    );
    return undefined;
  }

  /**
   * Entries of a map in order, those that `<<` brings in first; empty for anything else. Of equal keys the last counts.
   */
  entries(depth = 0): { key: string; value: YamlValue; merged: boolean }[] {
    if (!isMap(this.#node) || depth > MERGES) return [];
    const prefix = this.path === '' ? '' : `${this.path}.`;
    const own = (this.#node as YAMLMap<Node, Node | null>).items.map((pair) => {
      const merges = isScalar(pair.key) && pair.key.source === '<<';
      const key = isScalar(pair.key) && !merges ? String(pair.key.value) : String(pair.key);
      const offset = pair.key.range?.[0] ?? this.#offset;
      const path = merges ? this.path : `${prefix}${key}`;
      return { key, value: new YamlValue(this.#file, pair.value, path, offset), merges };
    });
    return [
      ...own
        .filter(({ merges }) => merges)
        .flatMap(({ value }) =>
          value.entries(depth + 1).map((entry) => ({ ...entry, merged: true })),
        ),
      ...own
        .filter(({ merges }) => !merges)
        .map(({ key, value }) => ({ key, value, merged: false })),
    ];
  }

  /** Notes keys that are there twice, of which the tool takes the last. */
  noteRepeatedKeys(): void {
    const last = new Map<string, YamlValue>();
    for (const { key, value, merged } of this.entries()) {
      if (merged) continue;
      last.get(key)?.note(`is there again in line ${String(value.line)}, which counts`);
      last.set(key, value);
    }
  }

  get line(): number {
    return this.#file.lines.linePos(this.#offset).line;
  }

  isMap(expected: string): boolean {
    if (isMap(this.#node)) return true;
    this.problem(`is ${this.kind()}; expected ${expected}`);
    return false;
  }

  text(expected: string): string | undefined {
    const value = this.#scalar();
    if (typeof value === 'string' && value !== '') return value;
    this.problem(`is ${this.kind()}; expected ${expected}`);
    return undefined;
  }

  /** A text of a list of names, upper and lower case alike. */
  choice<T extends string>(choices: readonly T[], what: string): T | undefined {
    const text = this.text(`one of ${choices.join(', ')}`);
    if (text === undefined) return undefined;
    const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
    if (found === undefined) {
      const near = nearest(text, choices);
      const hint =
        near === null ? `expected one of ${choices.join(', ')}` : `did you mean "${near}"?`;
      this.problem(`unknown ${what} "${text}"; ${hint}`);
    }
    return found;
  }

  number(expected: string, accept: (value: number) => boolean): number | undefined {
    const value = this.#scalar();
    if (typeof value === 'number' && Number.isFinite(value) && accept(value)) return value;
    this.problem(`is ${this.kind()}; expected ${expected}`);
    return undefined;
  }

  flag(): boolean | undefined {
    const value = this.#scalar();
    if (typeof value === 'boolean') return value;
    this.problem(`is ${this.kind()}; expected true or false`);
    return undefined;
  }

  /** What is there, for messages. */
  kind(): string {
    if (this.#node === null) return 'empty';
    if (isMap(this.#node)) return 'a map';
    if (isSeq(this.#node)) return 'a list';
    const value = this.#scalar();
    if (value === null || value === '') return 'empty';
    return typeof value === 'string' ? `"${value}"` : JSON.stringify(value);
  }

  #scalar(): unknown {
    return isScalar(this.#node) ? this.#node.value : undefined;
  }
}
