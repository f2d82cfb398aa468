/** Schema violations as one line each: field path, what is wrong, what would be right. */

import type * as z from 'zod';
import { nearest, unknownName } from './suggest.ts';

type Path = readonly PropertyKey[];
/** A node of a JSON Schema, as far as it is needed to find the keys that are known at a path. */
interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
}

/** axes.hp[0].client → how a path is written in messages. */
export function formatPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${String(part)}]`;
    else text += `${text === '' ? '' : '.'}${String(part)}`;
  }
  return text === '' ? 'the file' : text;
}

/** One line per issue. `input` is what was checked, `schema` its JSON Schema. */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  schema: unknown,
): string[] {
  return issues.flatMap((issue) => describeIssue(issue, input, schema as SchemaNode));
}

function describeIssue(issue: z.core.$ZodIssue, input: unknown, schema: SchemaNode): string[] {
  const at = formatPath(issue.path);
  const value = valueAt(input, issue.path);
  const found = value === undefined ? 'missing' : `is ${show(value)}`;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, issue.path);
      return issue.keys.map(
        (key) => `${formatPath([...issue.path, key])}: ${unknownName('field', key, known)}`,
      );
    }
    case 'invalid_type':
      return [`${at}: ${found}; expected ${withArticle(issue.expected)}`];
    case 'invalid_value':
      return [`${at}: ${found}; expected ${oneOf(issue.values.map(String), value)}`];
    case 'invalid_union':
      if ('options' in issue && Array.isArray(issue.options)) {
        return [`${at}: ${found}; expected ${oneOf(issue.options.map(String), value)}`];
      }
      return describeUnion(issue, at, found, input, schema);
    case 'too_small':
      return [`${at}: ${size(issue.origin, value)}; expected ${atLeast(issue)}`];
    case 'too_big':
      return [`${at}: ${found}; expected at most ${String(issue.maximum)}`];
    case 'invalid_format':
      return [`${at}: ${found}; ${issue.message}`];
    default:
      return [`${at}: ${issue.message}`];
  }
}

/** The problems of the alternative that was meant: the one for values of this type. */
function describeUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  at: string,
  found: string,
  input: unknown,
  schema: SchemaNode,
): string[] {
  const meant = issue.errors.find((alternative) =>
    alternative.every((inner) => inner.code !== 'invalid_type' || inner.path.length > 0),
  );
  if (meant !== undefined) {
    return meant.flatMap((inner) =>
      describeIssue({ ...inner, path: [...issue.path, ...inner.path] }, input, schema),
    );
  }
  return issue.path.includes('systems')
    ? [`${at}: ${found}; expected the id of an entry of systems, or an entry`]
    : [`${at}: ${found}; expected a number, true or false, or a text`];
}

function atLeast(issue: { origin: string; minimum: number | bigint; inclusive?: boolean }): string {
  const minimum = String(issue.minimum);
  if (issue.origin === 'array')
    return `at least ${minimum} ${minimum === '1' ? 'entry' : 'entries'}`;
  if (issue.origin === 'string') return 'a text that is not empty';
  return issue.inclusive === false ? `a number above ${minimum}` : `at least ${minimum}`;
}

function size(origin: string, value: unknown): string {
  if (origin === 'array' && Array.isArray(value)) return `has ${String(value.length)} entries`;
  return `is ${show(value)}`;
}

function oneOf(options: readonly string[], value: unknown): string {
  const list = options.length === 1 ? (options[0] ?? '') : `one of ${options.join(', ')}`;
  const near = typeof value === 'string' ? nearest(value, options) : null;
  return near === null ? list : `${list} (did you mean "${near}"?)`;
}

function withArticle(type: string): string {
  const names: Record<string, string> = { string: 'text', int: 'whole number', record: 'object' };
  const name = names[type] ?? type;
  return `${/^[aeio]/.test(name) ? 'an' : 'a'} ${name}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** Every property name that the schema knows at a path, over all alternatives of unions. */
function knownKeys(schema: SchemaNode, path: Path): string[] {
  let nodes = alternatives(schema);
  for (const part of path) {
    nodes = nodes
      .flatMap((node) => {
        if (typeof part === 'number') return node.items === undefined ? [] : [node.items];
        const property = node.properties?.[String(part)];
        if (property !== undefined) return [property];
        return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
      })
      .flatMap(alternatives);
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function alternatives(node: SchemaNode): SchemaNode[] {
  const inner = [...(node.anyOf ?? []), ...(node.oneOf ?? [])];
  return inner.length === 0 ? [node] : inner.flatMap(alternatives);
}
