/**
 * `nx run shared-native:gpu`: what a result of this machine's GPU depends on besides its plans and programs, one
 * file a system: the code (the fingerprint that the build left) and the GPU with its driver.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const FINGERPRINTS = join(ROOT, 'packages/shared-native/dist/fingerprints');
const OUT = join(ROOT, 'out/shared-native/gpu');
const PREFIX = 'cuda-';
const QUERY = ['--query-gpu=name,uuid,driver_version', '--format=csv,noheader'];

/** The GPUs of this machine, one a line, or "none": the core then says what is missing. */
function gpus(): string {
  try {
    return execFileSync('nvidia-smi', QUERY, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return 'none\n';
  }
}

const machine = gpus();
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const names = existsSync(FINGERPRINTS) ? readdirSync(FINGERPRINTS) : [];
for (const name of names.filter((file) => file.startsWith(PREFIX))) {
  const code = readFileSync(join(FINGERPRINTS, name), 'utf8');
  writeFileSync(join(OUT, name.slice(PREFIX.length)), `${code.trimEnd()}\n${machine}`);
}
