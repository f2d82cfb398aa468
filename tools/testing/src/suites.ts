/** Every suite of the workspace, quick ones first. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readGoogleTest, readJest, readUnittest, withCrash } from './reports.ts';
import { checkPython } from './ruff.ts';
import { sources } from './sources.ts';
import { check, command, REPORTS, type Suite } from './suite.ts';

const BIN = 'node_modules/.bin';
export const NATIVE = 'packages/shared-native';
export const CPP = ['src', 'test', 'bench', 'fuzz'].map((folder) => join(NATIVE, folder));
export const CPP_SOURCES = ['.h', '.cpp', '.cu'];
export const PYTHON = ['packages', 'tools'];
/** Jest, and Node's switch for it: ES modules in jest's sandbox need V8's module API. */
const JEST = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];

const typescript: Suite = {
  name: 'typescript',
  what: 'jest, every project',
  run: async () => {
    const file = join(REPORTS, 'jest.json');
    rmSync(file, { force: true });
    const ended = await command(
      process.execPath,
      [...JEST, '--ci', '--json', `--outputFile=${file}`, '--reporters=default', '--silent'],
      { NODE_NO_WARNINGS: '1' },
    );
    return withCrash('typescript', readJest(file), ended);
  },
};

const cpp: Suite = {
  name: 'cpp',
  what: 'GoogleTest and RapidCheck, release build',
  run: async () => {
    const folder = join(REPORTS, 'cpp');
    rmSync(folder, { recursive: true, force: true });
    const ended = await command(process.execPath, [
      ...['--import', 'tsx', 'tools/native/src/test.ts', '--report', folder],
    ]);
    return withCrash('cpp', readGoogleTest(folder), ended);
  },
};

const python: Suite = {
  name: 'python',
  what: 'unittest, capture',
  run: async () => {
    const file = join(REPORTS, 'unittest.json');
    rmSync(file, { force: true });
    const ended = await command(
      'python3',
      ['tools/testing/src/unittest_report.py', join(NATIVE, 'capture'), file],
      { PYTHONDONTWRITEBYTECODE: '1' },
    );
    return withCrash('python', readUnittest(file), ended);
  },
};

const ruff: Suite = {
  name: 'ruff',
  what: 'Python lint and format',
  run: () => {
    const { files, findings } = checkPython(PYTHON);
    findings.forEach((line) => {
      console.log(line);
    });
    console.log(`${files} files, ${findings.length} findings`);
    const failures = findings.length === 0 ? [] : [`ruff: ${findings.length} findings`];
    return Promise.resolve({ passed: failures.length === 0 ? 1 : 0, failures });
  },
};

const clangFormat: Suite = {
  name: 'clang-format',
  what: 'C++ format',
  run: () =>
    check('clang-format', '', 'clang-format', [
      '--dry-run',
      '-Werror',
      ...sources(CPP, CPP_SOURCES),
    ]).run(),
};

/**
 * The core's tests once more under a sanitizer: one pass or failure, since the tests are counted
 * above.
 */
function sanitizer(name: string, what: string, sanitizers: string): Suite {
  return check(name, what, process.execPath, [
    ...['--import', 'tsx', 'tools/native/src/test.ts', '--sanitize', sanitizers],
  ]);
}

export function allSuites(): Suite[] {
  mkdirSync(REPORTS, { recursive: true });
  const fuzzed = existsSync(join(NATIVE, 'fuzz'));
  return [
    check('typecheck', 'TypeScript types', `${BIN}/tsc`, ['--noEmit', '-p', 'tsconfig.json']),
    check('eslint', 'TypeScript lint', `${BIN}/eslint`, ['.', '--max-warnings=0']),
    check('prettier', 'TypeScript and JSON format', `${BIN}/prettier`, [
      ...['--check', '--log-level=warn', '.'],
    ]),
    clangFormat,
    ruff,
    python,
    check('build', 'the core, release build through nx', `${BIN}/nx`, [
      'run',
      'shared-native:build',
    ]),
    cpp,
    typescript,
    sanitizer('memory', 'C++ tests under ASan and UBSan', 'memory'),
    sanitizer('threads', 'the command line under TSan', 'threads'),
    ...(fuzzed
      ? [
          check('fuzz', 'fuzz targets, bounded time', process.execPath, [
            ...['--import', 'tsx', 'tools/native/src/fuzz.ts'],
          ]),
        ]
      : []),
  ];
}
