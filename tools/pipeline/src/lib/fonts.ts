/**
 * The bundled font, its exact text widths, and where it lies for rasterising: with them a plot has the same
 * layout and the same bytes on every machine, whatever fonts that has.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import opentype from 'opentype.js';
import { textMetrics } from 'vega-scenegraph';
import { packageFolder } from './packages.ts';

const FOLDER = join(packageFolder('dejavu-fonts-ttf'), 'ttf');

/** Font files for the rasteriser. */
export const FONT_FILES = [join(FOLDER, 'DejaVuSans.ttf'), join(FOLDER, 'DejaVuSans-Bold.ttf')];

/** Advance widths of a font, in units of its em, by character. */
class Advances {
  readonly #font: opentype.Font;
  readonly #cache = new Map<string, number>();

  constructor(path: string) {
    const bytes = readFileSync(path);
    this.#font = opentype.parse(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    );
  }

  /** Width of a text at a size; no kerning, as browsers draw labels of this font nearly alike. */
  width(text: string, size: number): number {
    let units = 0;
    for (const character of text) {
      let advance = this.#cache.get(character);
      if (advance === undefined) {
        advance = this.#font.charToGlyph(character).advanceWidth ?? this.#font.unitsPerEm / 2;
        this.#cache.set(character, advance);
      }
      units += advance;
    }
    return (units / this.#font.unitsPerEm) * size;
  }
}

/** Makes Vega measure text by the font itself instead of guessing 0.8 em a character. */
export function installTextMetrics(): void {
  const [regular, bold] = FONT_FILES.map((path) => new Advances(path));
  textMetrics.width = (item, text) => {
    const shown = text ?? '';
    const lines = Array.isArray(shown) ? shown : [shown];
    const isBold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600;
    const font = isBold ? bold : regular;
    return Math.max(0, ...lines.map((line) => font?.width(String(line), item.fontSize ?? 11) ?? 0));
  };
}
