/** A paper's published numbers: packages/<paper>/reference.json. */

import { existsSync } from 'node:fs';
import * as z from 'zod';
import { UserError } from './errors.ts';
import { readJson } from './files.ts';
import { describeIssues } from './schema-issues.ts';
import { unknownName } from './suggest.ts';

export const referenceSchema = z
  .strictObject({
    $schema: z.string().optional(),
    version: z.literal(1),
    paper: z.strictObject({
      id: z.string(),
      title: z.string(),
      authors: z.array(z.string()),
      venue: z.string(),
      doi: z.string().optional(),
      code: z.string().optional(),
    }),
    numbers: z.array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
        figure: z.string().describe('Figure, table or section of the paper or its artifact.'),
        system: z.string(),
        workload: z.string(),
        metric: z.string(),
        value: z.number(),
        unit: z.string(),
        hardware: z.string(),
        source: z.string().describe('Where it was read.'),
        verified: z
          .boolean()
          .describe('False: recalled or second-hand; never an acceptance number.'),
        note: z.string().optional(),
      }),
    ),
  })
  .describe('Published numbers of one paper.');

export type Reference = z.infer<typeof referenceSchema>;
export type PublishedNumber = Reference['numbers'][number];

export function referenceJsonSchema(): unknown {
  return z.toJSONSchema(referenceSchema, { io: 'input', target: 'draft-07' });
}

/** Published numbers by id; none if the paper has no reference.json. */
export function readReference(path: string): Map<string, PublishedNumber> {
  if (!existsSync(path)) return new Map();
  const input = readJson(path);
  const parsed = referenceSchema.safeParse(input);
  if (!parsed.success) {
    const problems = describeIssues(parsed.error.issues, input, referenceJsonSchema());
    throw new UserError(problems.map((problem) => `${path}: ${problem}`).join('\n'));
  }
  return new Map(parsed.data.numbers.map((number) => [number.id, number]));
}

/** The number that a claim names. Throws UserError with the nearest id. */
export function publishedNumber(
  numbers: Map<string, PublishedNumber>,
  id: string,
  where: string,
): PublishedNumber {
  const number = numbers.get(id);
  if (number !== undefined) return number;
  throw new UserError(`${where}: ${unknownName('published number', id, [...numbers.keys()])}`);
}
