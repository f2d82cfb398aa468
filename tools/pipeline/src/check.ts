/**
 * check: from results.csv and the figure's claims to verdict.json and verdict.md.
 *
 * A claim that fails is a result, not an error: it is printed and published, and the step succeeds.
 */

import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parse, stepArgs, type StepArgs } from './lib/args.ts';
import { checkInputs } from './lib/check-inputs.ts';
import { judge, type ClaimVerdict } from './lib/claims.ts';
import { codeInputs } from './lib/digest.ts';
import { main } from './lib/errors.ts';
import { loadFigure } from './lib/figure.ts';
import { toJson, writeAtomic } from './lib/files.ts';
import { laneFigure } from './lib/lane-figure.ts';
import { coverage, readMissing } from './lib/missing.ts';
import { describeOrigin } from './lib/origin.ts';
import { startRecord } from './lib/provenance.ts';
import { publishedNumber, readReference } from './lib/reference.ts';
import { readResults } from './lib/results.ts';
import { verdictMarkdown } from './lib/verdict-markdown.ts';

/** Judges the claims of a figure and writes the verdicts. */
export function check(args: StepArgs): ClaimVerdict[] {
  const finish = startRecord(args.out, 'check');
  const figure = laneFigure(loadFigure(args.figure), args);
  const axes = Object.keys(figure.axes);
  const referencePath = join(args.figure, '../../reference.json');
  const numbers = readReference(referencePath);
  const rows = readResults(join(args.out, 'results.csv'), axes);
  const missing = readMissing(args.out, axes);
  const verdicts = judge(figure, rows, missing);
  const published = (id: string): ReturnType<typeof publishedNumber> =>
    publishedNumber(numbers, id, `${join(args.figure, 'figure.json')}: claims`);
  const origin = describeOrigin(rows, (id) => id, {
    quick: args.quick,
    coverage: coverage(figure, missing),
  });

  const page = verdictMarkdown(`${figure.paper} ${figure.id}`, origin, verdicts, published);
  const claims = verdicts.map((v) => ({
    ...v,
    published: v.published === null ? null : published(v.published),
  }));
  writeAtomic(
    join(args.out, 'verdict.json'),
    toJson({ figure: `${figure.paper}/${figure.id}`, origin, claims }),
  );
  writeAtomic(join(args.out, 'verdict.md'), page);
  finish({
    ...checkInputs(figure, referencePath, args.out),
    ...codeInputs(fileURLToPath(import.meta.url)),
  });
  return verdicts;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(() => {
    const args = stepArgs(parse(process.argv.slice(2)));
    for (const { verdict, id, summary } of check(args)) {
      console.log(`${verdict.padEnd(8)} ${id}: ${summary}`);
    }
    console.log(`check: ${join(args.out, 'verdict.md')}`);
  });
}
