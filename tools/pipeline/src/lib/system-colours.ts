/**
 * The one map from systems to colours and shapes: a system looks the same in every figure of every paper.
 *
 * Colours are the Okabe–Ito set, told apart with any colour vision; shapes tell them apart in grey. A
 * variant of a system (its priorities, its as-published form) has the system's hue, lightened, and the
 * open form of its shape.
 */

export interface SystemStyle {
  colour: string;
  /** Vega symbol, or an SVG path in a square from -1 to 1. */
  shape: string;
}

const STYLES: Record<string, SystemStyle> = {
  ideal: { colour: '#7F7F7F', shape: 'square' },
  sequential: { colour: '#000000', shape: 'triangle-down' },
  timeslice: { colour: '#D55E00', shape: 'triangle-left' },
  streams: { colour: '#CC79A7', shape: 'triangle-right' },
  mps: { colour: '#E69F00', shape: 'triangle-up' },
  reef: { colour: '#009E73', shape: 'diamond' },
  orion: { colour: '#0072B2', shape: 'circle' },
  tally: { colour: '#56B4E9', shape: 'cross' },
  switchflow: { colour: '#F0E442', shape: 'wedge' },
  // A hexagon: Vega has no symbol left that is told apart at a glance.
  ticktock: { colour: '#332288', shape: 'M0,-1L0.87,-0.5L0.87,0.5L0,1L-0.87,0.5L-0.87,-0.5Z' },
  zico: { colour: '#44AA99', shape: 'cross' },
  paella: { colour: '#882255', shape: 'stroke' },
};

/** For systems without a style of their own, in the order in which a figure lists them. */
const OTHERS: SystemStyle[] = [
  { colour: '#117733', shape: 'arrow' },
  { colour: '#999933', shape: 'triangle' },
  { colour: '#661100', shape: 'cross' },
];

const FALLBACK: SystemStyle = { colour: '#000000', shape: 'circle' };

/** Share of white in a variant's colour. */
const TINT = 0.5;

/** Styles for a figure's entries, by entry id; no two entries share one. */
export function systemStyles(
  entries: readonly { id: string; system: string }[],
): Record<string, SystemStyle> {
  const families = entries.map(({ system }) => familyOf(system));
  let others = 0;
  return Object.fromEntries(
    entries.map(({ id, system }, i) => {
      const family = families[i] ?? null;
      const base = family === null ? OTHERS[others++ % OTHERS.length] : STYLES[family];
      const isNamesake = (entry: { system: string }): boolean => entry.system === family;
      const relatives = entries.filter((_, k) => family !== null && families[k] === family);
      const own = relatives.findIndex((entry) => entry.id === id);
      // Entries of the system itself come first, the first of them in its plain colour; then its variants.
      const namesakes = relatives.filter(isNamesake).length;
      const earlier = relatives.slice(0, Math.max(own, 0));
      const steps = isNamesake({ system })
        ? earlier.filter(isNamesake).length
        : Math.max(namesakes, 1) + earlier.filter((entry) => !isNamesake(entry)).length;
      return [id, variant(base ?? FALLBACK, family === null ? 0 : steps)];
    }),
  );
}

/** The system that a name belongs to: itself, or the one that it is a variant of (mps-priority: mps). */
function familyOf(system: string): string | null {
  const names = Object.keys(STYLES);
  return (
    names.find((name) => name === system) ??
    names.find((name) => system.startsWith(`${name}-`)) ??
    null
  );
}

function variant(style: SystemStyle, steps: number): SystemStyle {
  if (steps === 0) return style;
  const white = 1 - (1 - TINT) ** steps;
  const channels = [1, 3, 5].map((i) => parseInt(style.colour.slice(i, i + 2), 16));
  const tinted = channels.map((c) =>
    Math.round(c + (255 - c) * white)
      .toString(16)
      .padStart(2, '0'),
  );
  return { colour: `#${tinted.join('').toUpperCase()}`, shape: style.shape };
}
