/**
 * A copy of this workspace in which a test may edit anything and run the real nx.
 *
 * It stays in the temporary folder between test runs, without anything that was made there. What was
 * built here is not compiled again there, if it is up to date.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const NATIVE = 'packages/shared-native';
const GENERATED = /^(node_modules|out|\.cotenant|build(-[a-z-]+)?|dist|\.nx|\.git|__pycache__)$/;

/** Whether the core here is built of the sources here. */
const BUILT = isBuilt();

function isBuilt(): boolean {
  const binary = join(ROOT, NATIVE, 'build/cotenant');
  if (!existsSync(binary)) return false;
  const since = statSync(binary).mtimeMs;
  const sources = readdirSync(join(ROOT, NATIVE, 'src'), { recursive: true, encoding: 'utf8' });
  return sources.every((file) => statSync(join(ROOT, NATIVE, 'src', file)).mtimeMs <= since);
}

export class CopiedWorkspace {
  readonly root: string;

  constructor() {
    const name = createHash('sha256').update(ROOT).digest('hex').slice(0, 12);
    this.root = join(tmpdir(), `cotenant-copy-${name}`);
    mkdirSync(this.root, { recursive: true });
    mirror(ROOT, this.root);
    for (const folder of ['.nx', 'out', join(NATIVE, 'dist'), join(NATIVE, 'build')]) {
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

  /** As CMake's list. */
  #launcher(): string {
    const script = join(import.meta.dirname, 'reuse-object-for-test.mjs');
    const folders = [ROOT, this.root].map((root) => join(root, NATIVE));
    return [process.execPath, script, ...folders].join(';');
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
          ...(BUILT ? { CMAKE_CXX_COMPILER_LAUNCHER: this.#launcher() } : {}),
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
