import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWorkloads } from './workloads.ts';

const MIX = {
  version: 1,
  label: 'A + B',
  description: 'Two jobs.',
  clients: {
    hp: [{ program: 'h200/a', traffic: { kind: 'poisson', load: 0.3 }, requests: 10 }],
    be: [{ program: 'h200/b', traffic: { kind: 'closed' } }],
  },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workloads-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function read(content: unknown, name = 'a-b.json'): unknown {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, name), text);
  return readWorkloads(folder);
}

/** The message that a mix is refused with, without the folder. */
function problem(content: unknown, name?: string): string {
  try {
    read(content, name);
    return 'none';
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
}

test('a mix is an axis value, named by its file, whose groups say the priority', () => {
  const { hp, be } = MIX.clients;
  expect(read(MIX)).toEqual([
    {
      id: 'a-b',
      label: 'A + B',
      clients: {
        hp: [{ ...hp[0], priority: 'high' }],
        be: [{ ...be[0], priority: 'best-effort' }],
      },
    },
  ]);
});

test.each([
  [
    'syntax',
    '{\n  "label": oops\n}',
    'a-b.json:2:12: not valid JSON: found oops; expected a value',
  ],
  [
    'a field',
    { ...MIX, lable: 'x' },
    'a-b.json: lable: unknown field "lable"; did you mean "label"?',
  ],
  [
    'an empty group',
    { ...MIX, clients: { ...MIX.clients, be: [] } },
    'a-b.json: clients.be: has 0 entries; expected at least 1 entry',
  ],
  [
    'a high-priority job without end',
    { ...MIX, clients: { ...MIX.clients, hp: MIX.clients.be } },
    'a-b.json: clients.hp[0].requests: missing; expected a',
  ],
  [
    'a priority of its own',
    { ...MIX, clients: { ...MIX.clients, be: [{ ...MIX.clients.be[0], priority: 'high' }] } },
    'a-b.json: clients.be[0].priority: unknown field "priority"',
  ],
])('%s that is wrong is named with file and place', (_, content, message) => {
  expect(problem(content)).toContain(message);
});

test('a name that is no id, and a folder without mixes', () => {
  expect(problem(MIX, 'A_B.json')).toMatch(/^A_B\.json: the name; expected lower-case/);
  rmSync(join(folder, 'A_B.json'));
  expect(() => readWorkloads(folder)).toThrow(/no workload mixes; expected <id>\.json/);
});
