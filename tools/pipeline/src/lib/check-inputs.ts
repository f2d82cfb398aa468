/** What check depends on: the results, the figure's claims and the paper's published numbers. */

import { join } from 'node:path';
import { digest, digestFile, type Inputs } from './digest.ts';
import type { FigureDefinition } from './figure-schema.ts';

export function checkInputs(figure: FigureDefinition, reference: string, out: string): Inputs {
  return {
    'results.csv': digestFile(join(out, 'results.csv')),
    'missing.csv': digestFile(join(out, 'missing.csv')),
    'claims of figure.json': digest({ claims: figure.claims }),
    'reference.json': digestFile(reference),
  };
}
