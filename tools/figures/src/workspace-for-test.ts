import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A new folder with the given files: path → content, objects as JSON. */
export function workspace(files: Readonly<Record<string, unknown>>): string {
  const root = mkdtempSync(join(tmpdir(), 'figures-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** A figure definition with what the task graph needs, changed by the given fields. */
export function figure(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    paper: 'orion',
    id: 'fig7',
    gpu: 'v100-16',
    systems: [{ id: 'mps' }, { id: 'reef-deep', system: 'reef' }],
    axes: {
      hp: [{ id: 'a', client: { program: 'h200/a-inference', traffic: { kind: 'closed' } } }],
      be: [{ id: 'b', client: { program: 'h200/b-training', traffic: { gaps_file: 'x.json' } } }],
    },
    ...changes,
  };
}
