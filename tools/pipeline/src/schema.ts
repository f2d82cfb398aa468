/**
 * schema: writes the JSON Schemas that editors complete figure.json and reference.json with, from the same
 * definitions that validate. `--check` only says whether the committed files are fresh.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { correlationJsonSchema } from './lib/correlation/settings.ts';
import { EXIT, main, UserError } from './lib/errors.ts';
import { figureFileJsonSchema } from './lib/figure-schema.ts';
import { writeAtomic } from './lib/files.ts';
import { referenceJsonSchema } from './lib/reference.ts';
import { workloadJsonSchema } from './lib/workloads.ts';

const FOLDER = fileURLToPath(new URL('../schemas', import.meta.url));

/** File name → content of every generated schema, formatted like the rest of the tree. */
export async function generatedSchemas(): Promise<Record<string, string>> {
  const schemas = {
    'figure.schema.json': figureFileJsonSchema(),
    'workload.schema.json': workloadJsonSchema(),
    'reference.schema.json': referenceJsonSchema(),
    'correlation.schema.json': correlationJsonSchema(),
  };
  const style = (await resolveConfig(FOLDER)) ?? {};
  const texts = Object.entries(schemas).map(async ([name, schema]) => [
    name,
    await format(JSON.stringify(schema), { ...style, parser: 'json' }),
  ]);
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
}

/** Names of committed schemas that differ from the generated ones. */
export async function staleSchemas(folder = FOLDER): Promise<string[]> {
  return Object.entries(await generatedSchemas())
    .filter(([name, content]) => readOrEmpty(join(folder, name)) !== content)
    .map(([name]) => name);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    const [option, ...rest] = process.argv.slice(2);
    if ((option !== undefined && option !== '--check') || rest.length > 0) {
      throw new UserError('command line: expected nothing or --check', EXIT.usage);
    }
    const stale = await staleSchemas();
    if (option === '--check') {
      if (stale.length === 0) return;
      throw new UserError(
        `${stale.join(', ')}: not what the code defines; run: node --import tsx tools/pipeline/src/schema.ts`,
      );
    }
    const schemas = await generatedSchemas();
    for (const name of stale) {
      writeAtomic(join(FOLDER, name), schemas[name] ?? '');
      console.log(`schema: ${join('tools/pipeline/schemas', name)}`);
    }
  });
}
