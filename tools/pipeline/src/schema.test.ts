import { expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { readCatalogue } from './lib/catalogue.ts';
import { loadFigure } from './lib/figure.ts';
import { NATIVE, ROOT } from './lib/paths.ts';
import { readReference } from './lib/reference.ts';
import { staleSchemas } from './schema.ts';

test('the committed schemas are what the code defines', async () => {
  expect(await staleSchemas()).toEqual([]);
});

const packages = join(ROOT, 'packages');
const figures = readdirSync(packages).flatMap((paper) => {
  const folder = join(packages, paper, 'figures');
  return existsSync(folder) ? readdirSync(folder).map((id) => join(folder, id)) : [];
});

test.each(figures)('%s is right, in the pipeline’s eyes and in an editor’s', (folder) => {
  const figure = loadFigure(folder, readCatalogue(NATIVE));
  const reference = readReference(join(folder, '../../reference.json'));
  for (const claim of figure.claims ?? []) {
    if (claim.published !== undefined) expect([...reference.keys()]).toContain(claim.published);
  }
  for (const plot of figure.plots) expect(existsSync(join(folder, plot))).toBe(true);
  expect(folder.endsWith(`/${figure.paper}/figures/${figure.id}`)).toBe(true);

  const input = JSON.parse(readFileSync(join(folder, 'figure.json'), 'utf8')) as {
    $schema: string;
  };
  const schema = JSON.parse(readFileSync(join(folder, input.$schema), 'utf8')) as object;
  const ajv = new Ajv({ allowUnionTypes: true, strict: false });
  expect(ajv.validate(schema, input)).toBe(true);
});
