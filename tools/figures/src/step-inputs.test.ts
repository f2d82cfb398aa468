import { expect, test } from '@jest/globals';
import { StepReader } from './step-inputs.mjs';
import { workspace } from './workspace-for-test.ts';

const PACKAGE = { dependencies: { zx: '1', vega: '1', '@scope/font': '1' }, devDependencies: {} };

function sources(files: Record<string, string>): unknown {
  return new StepReader(workspace({ 'package.json': PACKAGE, ...files })).sources('src/step.ts');
}

test('follows imports through other modules, once, also in a circle', () => {
  expect(
    sources({
      'src/step.ts': `import { a } from './lib/a.ts';\nexport { b } from './lib/b.ts';\n`,
      'src/lib/a.ts': `import {\n  b,\n} from './b.ts';\n`,
      'src/lib/b.ts': `import './a.ts';\nconst later = await import('../late.ts');\n`,
      'src/late.ts': '',
      'src/other.ts': '',
    }),
  ).toEqual({
    files: ['src/late.ts', 'src/lib/a.ts', 'src/lib/b.ts', 'src/step.ts'],
    packages: ['tsx'],
  });
});

test('leaves out imports of types, which change no result', () => {
  expect(sources({ 'src/step.ts': `import type { A } from './types.ts';\n` })).toEqual({
    files: ['src/step.ts'],
    packages: ['tsx'],
  });
});

test('takes files that a module names beside itself, not the way up to the root', () => {
  expect(
    sources({
      'src/step.ts': [
        `const schema = new URL('../schemas/s.json', import.meta.url);`,
        `const fonts = new URL('./fonts/', import.meta.url);`,
        `const root = new URL('../..', import.meta.url);`,
      ].join('\n'),
    }),
  ).toMatchObject({ files: ['schemas/s.json', 'src/fonts/**/*', 'src/step.ts'] });
});

test('takes the npm packages that are imported or looked up by name', () => {
  expect(
    sources({
      'src/step.ts': `import { $ } from 'zx';\nimport fs from 'node:fs';\nfolder('@scope/font/ttf');\n`,
      'src/unused.ts': `import 'vega';\n`,
    }),
  ).toMatchObject({ packages: ['@scope/font', 'tsx', 'zx'] });
});

test('a module that is missing is still an input, so that writing it is noticed', () => {
  expect(sources({ 'src/step.ts': `import './gone.ts';\n` })).toMatchObject({
    files: ['src/gone.ts', 'src/step.ts'],
  });
});
