/**
 * Compiler launcher of a copied workspace: an object whose source is as in the original is copied
 * from the original's build, not compiled. Objects do not depend on where a checkout lies.
 *
 *     node reuse-object-for-test.mjs ORIGINAL COPY compiler arguments…
 *
 * Both are folders of the native core. What is compiled is what the test edited: sources, not
 * headers.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [original = '', copy = '', compiler = '', ...args] = process.argv.slice(2);
/** @param {string} flag */
const after = (flag) => args[args.indexOf(flag) + 1] ?? '';
const object = after('-o');
const source = after('-c');
const built = join(original, 'build', object);
const before = join(original, relative(copy, source));

const reusable =
  // Of an executable's own objects some hold paths.
  /^CMakeFiles\/cotenant_(core|systems|cuda|cli)\.dir\//.test(object) &&
  [built, before].every((file) => existsSync(file)) &&
  readFileSync(before).equals(readFileSync(source));

if (reusable) {
  copyFileSync(built, object);
  writeFileSync(after('-MF'), `${object}: ${source}\n`);
} else {
  process.exitCode = spawnSync(compiler, args, { stdio: 'inherit' }).status ?? 1;
}
