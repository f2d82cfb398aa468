// @ts-check
/**
 * Says what is wrong with a figure definition that the plugin could not turn into tasks: one line,
 * exit status 1.
 */
import { FigureError, readFigure } from './figure-file.mjs';

const file = process.argv[2] ?? '';
try {
  readFigure(process.cwd(), file);
  console.error(`${file}: was mended since nx read it; run the command again`);
} catch (error) {
  if (!(error instanceof FigureError)) throw error;
  console.error(error.message);
}
process.exitCode = 1;
