/** The schema of a claim in figure.json: what a paper says, as a relation that results can be held against. */

import * as z from 'zod';

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes');
const relation = z.enum(['<', '<=', '>', '>=']);
const claimBase = {
  id,
  statement: z.string().min(1).describe('The claim in one sentence.'),
  source: z.string().min(1).describe('Where it was read.'),
  verified: z.boolean().describe('False: recalled or second-hand, to be read with care.'),
  published: z
    .string()
    .optional()
    .describe('Id of the published number in the paper’s reference.json.'),
  metric: z.string(),
  cells: z
    .record(z.string(), z.string())
    .optional()
    .describe('Only these cells, by axis; the value "mean" takes means; absent: every cell.'),
  tolerance: z
    .number()
    .min(0)
    .default(0)
    .describe(
      'Relative slack of <= and >=: 0.02 lets them be missed by 2 %. Strict relations have none.',
    ),
};

export const claimSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('order').describe('A chain of relations between systems.'),
    ...claimBase,
    systems: z.array(z.string()).min(2),
    relations: z.array(relation).min(1).describe('One fewer than systems.'),
  }),
  z.strictObject({
    kind: z.literal('ratio').describe('One system’s value over another’s.'),
    ...claimBase,
    of: z.string(),
    to: z.string(),
    relation,
    value: z.number().describe('Bound on the ratio.'),
  }),
  z.strictObject({
    kind: z.literal('bound').describe('A bound on one system’s value.'),
    ...claimBase,
    of: z.string(),
    relation,
    value: z.number(),
  }),
  z.strictObject({
    kind: z.literal('monotone').describe('A value that rises or falls along an axis.'),
    ...claimBase,
    of: z.string(),
    along: z.string().describe('The axis, in the order of its values.'),
    direction: z.enum(['rising', 'falling']),
  }),
  z.strictObject({
    kind: z
      .literal('peak')
      .describe('A value that is nowhere along an axis as high as in one place.'),
    ...claimBase,
    of: z.string(),
    along: z.string().describe('The axis.'),
    at: z.string().describe('Value of the axis with the highest value.'),
  }),
]);

export type Claim = z.infer<typeof claimSchema>;
