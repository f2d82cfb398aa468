// @ts-check
/**
 * A figure's lanes as Nx configurations: what each appends to the commands of the pipeline, and the
 * folder that it writes.
 *
 *     (none)       the figure as published, on the simulated GPU
 *     quick        the same with fewer requests, and without systems that it leaves out
 *     cuda         its plans for a real GPU, on this machine's
 *     cuda-quick   the same with fewer requests
 *     sim-<gpu>    the plans for a real GPU on the simulation of that GPU: what measurements are compared with
 *     measured     the committed measurements of those plans: gathered and drawn, not run
 */

/** @typedef {import('./figure-file.mjs').FigureGraph} FigureGraph */

/**
 * @typedef {object} Lane
 * @property {string} flags appended to each step's command
 * @property {string} folder below out/<paper>/<figure>/
 * @property {readonly string[]} entries system entries that are run in it
 */

/** Names that every figure has; one more is named after its GPU. */
export const CONFIGURATIONS = ['quick', 'cuda', 'cuda-quick', 'measured'];

/** Configurations in which the GPU of this machine is used. */
export const ON_GPU = ['cuda', 'cuda-quick'];

/**
 * @param {FigureGraph} figure
 * @returns {{published: Lane, configurations: Record<string, Lane>}}
 */
export function lanes(figure) {
  /** @param {'own' | 'cuda' | 'quick' | 'cudaQuick'} form */
  const entriesOf = (form) => figure.systems.filter((entry) => entry[form]).map(({ id }) => id);
  const cuda = entriesOf('cuda');
  const twin = `sim-${figure.cudaGpu}`;
  return {
    published: { flags: '', folder: 'sim', entries: entriesOf('own') },
    configurations: {
      quick: { flags: ' --quick', folder: 'sim-quick', entries: entriesOf('quick') },
      cuda: { flags: ' --lane cuda', folder: 'cuda', entries: cuda },
      'cuda-quick': {
        flags: ' --lane cuda --quick',
        folder: 'cuda-quick',
        entries: entriesOf('cudaQuick'),
      },
      [twin]: { flags: ' --plans cuda', folder: twin, entries: cuda },
      measured: { flags: ' --lane measured', folder: 'measured', entries: [] },
    },
  };
}
