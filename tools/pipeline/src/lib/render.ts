/** Vega-Lite to SVG and PNG, with the same bytes on every machine. */

import { Resvg } from '@resvg/resvg-js';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Spec } from './decorate.ts';
import { UserError } from './errors.ts';
import { FONT_FILES, installTextMetrics } from './fonts.ts';
import { FONT } from './theme.ts';

/** Pixels of the PNG per unit of the SVG: sharp at a paper's column width. */
const SCALE = 3;

/** Exported by vega, but missing from its types. */
interface SeededRandom {
  setRandom: (random: () => number) => void;
  randomLCG: (seed: number) => () => number;
}

/**
 * Compiles and renders a specification to SVG. `where` names its file in messages. What the libraries warn of
 * is an error, but for panels without data where measurements are known to be missing.
 */
export async function toSvg(
  spec: Spec,
  where: string,
  { emptyPanels = false }: { emptyPanels?: boolean } = {},
): Promise<string> {
  installTextMetrics();
  // Vega draws random numbers for resampled error bands; results bring their own intervals, but be safe.
  const { setRandom, randomLCG } = vega as unknown as SeededRandom;
  setRandom(randomLCG(1));
  const problems: string[] = [];
  const collect = (...messages: readonly unknown[]): void => {
    const message = messages.map(String).join(' ').replace(/\s+/g, ' ');
    if (!(emptyPanels && message.startsWith('Infinite extent'))) problems.push(message);
  };
  const logger = vega.logger(vega.Warn);
  logger.warn = (...messages) => (collect(...messages), logger);
  logger.error = (...messages) => (collect(...messages), logger);
  let svg: string;
  try {
    const compiled = compile(spec as unknown as TopLevelSpec, { logger });
    const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logger });
    svg = await view.toSVG();
    view.finalize();
  } catch (error) {
    throw new UserError(`${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const first = problems[0];
  if (first !== undefined) throw new UserError(`${where}: ${first}`);
  return svg;
}

/** Rasterises an SVG with the bundled font. */
export function toPng(svg: string): Uint8Array {
  const font = { loadSystemFonts: false, fontFiles: FONT_FILES, defaultFontFamily: FONT };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}
