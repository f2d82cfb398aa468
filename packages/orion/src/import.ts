/**
 * `nx run orion:import --dir=RESULTS`: results of Orion's artifact, of your own V100 say, as tidy results of Fig 7,
 * drawn beside ours.
 *
 *     --dir RESULTS     the artifact's results folder, with ideal/, mps/, reef/ and orion/
 *     --gpu ID          what it ran on: the id of a specification, or a name (default: v100-16)
 *     --beside FOLDER   our results (default: out/orion/fig7/sim; not drawn if it is not there)
 *     --out FOLDER      where to write (default: out/orion/fig7/imported)
 *
 * Writes results.csv (ours and the imported ones, lane "imported"), imported.csv (those alone) and the figure's plots.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { EXIT, main, UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { loadFigure } from '../../../tools/pipeline/src/lib/figure.ts';
import { writeAtomic } from '../../../tools/pipeline/src/lib/files.ts';
import { ROOT } from '../../../tools/pipeline/src/lib/paths.ts';
import { describeOrigin } from '../../../tools/pipeline/src/lib/origin.ts';
import { readResults, resultsToCsv } from '../../../tools/pipeline/src/lib/results.ts';
import { draw, gpuName } from '../../../tools/pipeline/src/plot.ts';
import { absentCells, importedFigure, importedRows } from './imported-figure.ts';
import { readResultsFolder } from './results-folder.ts';

export interface ImportArgs {
  dir: string;
  gpu: string;
  beside: string;
  out: string;
}

/** Returns lines for the user. Writes nothing unless every file of the folder could be read. */
export async function importResults(args: ImportArgs): Promise<string[]> {
  const folder = join(ROOT, 'packages/orion/figures/fig7');
  const published = loadFigure(folder);
  const results = readResultsFolder(args.dir);
  const figure = importedFigure(published, results);
  const axes = Object.keys(figure.axes);
  const rows = importedRows(figure, results, args.gpu);
  const file = join(args.beside, 'results.csv');
  const ours = existsSync(file) ? readResults(file, axes) : [];
  const runs = `imported: the artifact's own runs on ${gpuName(args.gpu)}`;
  const origin =
    ours.length === 0
      ? runs
      : `${describeOrigin(ours, gpuName, { quick: false, coverage: { measured: 0, of: 0, in_part: 0, not_applicable: 0 } })}  ·  ${runs}`;
  const shown = ours.length === 0 ? [] : published.systems;
  writeAtomic(join(args.out, 'imported.csv'), resultsToCsv(axes, rows));
  writeAtomic(join(args.out, 'results.csv'), resultsToCsv(axes, [...ours, ...rows]));
  const absent = absentCells(figure, results);
  const names = await draw(
    { ...published, systems: [...shown, ...figure.systems] },
    { folder, out: args.out, rows: [...ours, ...rows], origin, emptyPanels: absent.length > 0 },
  );
  return [
    `${results.length} results of ${figure.systems.map(({ id }) => id).join(', ')}`,
    ...absent.map((cell) => `not in ${args.dir}: ${cell}`),
    ...(ours.length === 0
      ? [`${file}: not there, so ours are not drawn; npx nx run orion:fig7`]
      : []),
    `Data: ${join(args.out, 'imported.csv')}`,
    ...names.map((name) => `Plot: ${join(args.out, name)}.html (also .svg, .png, .vl.json)`),
  ];
}

function importArgs(argv: string[]): ImportArgs {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        dir: { type: 'string' },
        gpu: { type: 'string', default: 'v100-16' },
        beside: { type: 'string', default: 'out/orion/fig7/sim' },
        out: { type: 'string', default: 'out/orion/fig7/imported' },
      },
    });
    if (values.dir === undefined) {
      throw new UserError("--dir is missing; expected the artifact's results folder", EXIT.usage);
    }
    return { ...values, dir: values.dir };
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error;
    throw new UserError(`command line: ${error.message.split('. ')[0] ?? ''}`, EXIT.usage);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    for (const line of await importResults(importArgs(process.argv.slice(2)))) console.log(line);
  });
}
