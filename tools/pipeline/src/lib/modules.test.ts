import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modulesOf } from './modules.ts';

const SOURCE = dirname(dirname(fileURLToPath(import.meta.url)));
const README = readFileSync(join(SOURCE, '../README.md'), 'utf8');

const names = (step: string): string[] =>
  modulesOf(join(SOURCE, `${step}.ts`))
    .filter((file) => dirname(file) === join(SOURCE, 'lib'))
    .map((file) => basename(file, '.ts'));

/** The modules that the README lists for a step. */
function listed(step: string): string[] {
  const row = README.split('\n').find(
    (line) => line.startsWith(`| \`${step}\` |`) && !line.includes('figure.json'),
  );
  return [...((row ?? '').split('|')[2]?.matchAll(/`([\w-]+)`/g) ?? [])].map(
    (match) => match[1] ?? '',
  );
}

test.each(['prep', 'gather', 'plot', 'check'])('the README lists what %s imports', (step) => {
  const modules = names(step);
  for (const name of listed(step)) expect(modules).toContain(name);
  const others = ['prep', 'run', 'gather', 'plot', 'check']
    .filter((name) => name !== step)
    .flatMap(listed);
  const foreign = others.filter((name) => !listed(step).includes(name));
  expect(modules.filter((name) => foreign.includes(name))).toEqual([]);
});

test('a run depends neither on the figure’s schema nor on how results are computed or drawn', () => {
  expect(names('run')).toEqual(
    expect.arrayContaining(listed('run').filter((name) => name !== 'never')),
  );
  for (const name of ['figure-schema', 'figure', 'bootstrap', 'theme', 'claims', 'results']) {
    expect(names('run')).not.toContain(name);
  }
});
