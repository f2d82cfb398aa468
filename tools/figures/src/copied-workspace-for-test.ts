/**
 * A copy of this workspace in which a test may edit anything and run the real nx.
 *
 * It stays in the temporary folder between test runs with its build folder, so that only the first
 * one compiles the whole core; its nx cache is thrown away every time.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const GENERATED = /^(node_modules|out|\.cotenant|build(-[a-z-]+)?|dist|\.nx|\.git|__pycache__)$/;

export class CopiedWorkspace {
  readonly root: string;

  constructor() {
    const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 12);
    this.root = join(tmpdir(), `cotenant-copy-${name}`);
    mkdirSync(this.root, { recursive: true });
    mirror(ROOT, this.root);
    for (const folder of ['.nx', 'out', 'packages/shared-native/dist']) {
      rmSync(join(this.root, folder), { recursive: true, force: true });
    }
    const modules = join(this.root, 'node_modules');
    if (!existsSync(modules)) symlinkSync(join(ROOT, 'node_modules'), modules);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8');
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content);
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  edit(path: string, change: (content: string) => string): void {
    const before = this.read(path);
    const after = change(before);
    if (after === before) throw new Error(`${path}: the edit changed nothing`);
    this.write(path, after);
  }

  /**
   * Runs a target with nx; resolves to the tasks that were executed rather than restored, sorted.
   */
  run(target: string): string[] {
    const { status, output } = this.nx(target);
    if (status !== 0) throw new Error(`nx run ${target}: exit status ${status}\n${output}`);
    const report = JSON.parse(this.read('.nx/cache/run.json')) as {
      tasks: { taskId: string; cacheStatus: string }[];
    };
    return report.tasks
      .filter(({ cacheStatus }) => cacheStatus === 'cache-miss')
      .map(({ taskId }) => taskId)
      .sort();
  }

  nx(target: string): { status: number; output: string } {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(this.root, 'node_modules/nx/dist/bin/nx.js'), 'run', target],
      {
        cwd: this.root,
        encoding: 'utf8',
        // Of this process's environment, nothing that steers nx or jest.
        env: {
          ...Object.fromEntries(
            Object.entries(process.env).filter(([name]) => !/^(NX_|JEST_|NODE_OPTIONS)/.test(name)),
          ),
          NX_DAEMON: 'false',
          NO_COLOR: '1',
        },
      },
    );
    return { status: status ?? 1, output: stdout + stderr };
  }
}

/**
 * Makes `copy` hold what `source` holds; files that are alike keep their times, for incremental
 * builds.
 */
function mirror(source: string, copy: string): void {
  mkdirSync(copy, { recursive: true });
  const entries = readdirSync(source, { withFileTypes: true }).filter(
    ({ name }) => !GENERATED.test(name),
  );
  const names = new Set(entries.map(({ name }) => name));
  for (const name of readdirSync(copy)) {
    if (!names.has(name) && !GENERATED.test(name)) {
      rmSync(join(copy, name), { recursive: true });
    }
  }
  for (const entry of entries) {
    const from = join(source, entry.name);
    const to = join(copy, entry.name);
    if (entry.isDirectory()) mirror(from, to);
    else if (entry.isFile()) mirrorFile(from, to);
  }
}

function mirrorFile(from: string, to: string): void {
  const content = readFileSync(from);
  if (existsSync(to) && readFileSync(to).equals(content)) return;
  writeFileSync(to, content);
}
