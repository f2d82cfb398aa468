import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { UserError } from '../../../tools/pipeline/src/lib/errors.ts';
import { readConfig } from './config.ts';
import { POLICIES } from './policies.ts';
import { shippedConfig } from './shipped-config-for-test.ts';

/** The message of the error that reading `text` throws. */
function refusal(text: string): string {
  try {
    readConfig(text, 'my.yaml');
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
}

const pair = (a: string, b: string): string =>
  `models:\n  model0: {mode: train, name: ${a}}\n  model1: {mode: train, name: ${b}}\n`;

describe('what the tool ships', () => {
  test('is read as it is', () => {
    const { policy, models, distribution, seed, file } = readConfig(shippedConfig(), 'my.yaml');
    expect(policy.system).toBe('mps');
    expect(distribution).toBe('poisson');
    expect(seed).toBe(42);
    expect(
      models.map(({ mode, kind, batch, iterations, rate }) => [
        mode,
        kind,
        batch,
        iterations,
        rate,
      ]),
    ).toEqual([
      ['eval', 'resnet50', 4, 100, 15],
      ['train', 'mobilenet_v2', 64, 10000, 0],
    ]);
    expect(file.finish()).toEqual([]);
  });

  test('a block with -1 is a second instance of its kind', () => {
    const { models } = readConfig(shippedConfig({ models: pair('bert', 'bert-1') }), 'my.yaml');
    expect(models.map(({ name, kind, arch }) => [name, kind, arch])).toEqual([
      ['bert', 'bert', 'base'],
      ['bert-1', 'bert', 'base'],
    ]);
  });

  test('a block that is there twice, as in another published version: the last one counts', () => {
    const again =
      'resnet50:\n  arch: resnet50\n  batch_size: 4\n  num_iterations: 33\n  request_rate: 1\n';
    const { models, file } = readConfig(shippedConfig() + again, 'my.yaml');
    expect(models[0]?.iterations).toBe(33);
    expect(file.finish()).toEqual([
      'my.yaml:15: resnet50: is there again in line 65, which counts',
    ]);
  });

  test('no seed, blocks of models that are not recorded, and keys of old versions stop nothing', () => {
    const shared = 'shared_config:\n  distribution: uniform\n  imagenet_root: /data\n';
    const { file, seed } = readConfig(
      shippedConfig({ shared }) + 'gnmt:\n  math: fp32\n',
      'my.yaml',
    );
    expect(seed).toBe(42);
    expect(file.finish()).toEqual(["my.yaml:10: shared_config: has no 'seed'; it is 42"]);
  });

  test.each(POLICIES.map(({ name, system }) => [name, system]))('%s is %s', (name, system) => {
    const text = shippedConfig({ policy: `policy: ${name.toUpperCase()}\n` });
    expect(readConfig(text, 'my.yaml').policy.system).toBe(system);
  });

  test('what << brings in is read, and what stands beside it comes first', () => {
    const text = shippedConfig({ models: pair('bert', 'resnet50') }).replace(
      'resnet50:\n  arch: resnet50\n',
      'common: &common {num_iterations: 70, batch_size: 9}\nresnet50:\n  <<: *common\n  arch: resnet50\n',
    );
    const changed = text.replace('  num_iterations: 100\n', '');
    const { models, file } = readConfig(changed, 'my.yaml');
    expect(models[1]).toMatchObject({ iterations: 70, batch: 4 });
    expect(file.finish()).toEqual([]);
  });

  test('aliases and YAML 1.1 truth values are read as the tool reads them', () => {
    const shared =
      'shared_config: &shared\n  distribution: poisson\n  pin_memory: yes\n  seed: 7\nother: *shared\n';
    expect(readConfig(shippedConfig({ shared }), 'my.yaml').seed).toBe(7);
  });
});

describe('what is wrong is named with its key and line', () => {
  test.each([
    ['policy: TikTok\n', 'my.yaml:2: policy: unknown policy "TikTok"; did you mean "TickTock"?'],
    ['policy: Stream\n', 'my.yaml:2: policy: unknown policy "Stream"; did you mean "Streams"?'],
    [
      'policy: fair\n',
      'my.yaml:2: policy: unknown policy "fair"; expected one of MPS, TickTock, Streams, Isolated, Sequential, Sequential-as-published',
    ],
    [
      'policy: [MPS]\n',
      'my.yaml:2: policy: is a list; expected one of MPS, TickTock, Streams, Isolated, Sequential, Sequential-as-published',
    ],
    [
      'polcy: MPS\n',
      "my.yaml:1: has no 'policy' (is 'polcy' it?); expected one of MPS, TickTock, Streams, Isolated, Sequential, Sequential-as-published",
    ],
  ])('%j', (policy, message) => {
    expect(refusal(shippedConfig({ policy }))).toBe(message);
  });

  test('TickTock with one model or with three', () => {
    const policy = 'policy: TickTock\n';
    const one = 'models:\n  model0: {mode: train, name: bert}\n';
    expect(refusal(shippedConfig({ policy, models: one }))).toBe(
      'my.yaml:3: models: there is 1 model; expected 2: TickTock alternates the phases of two',
    );
    const three = `${pair('bert', 'bert-1')}  model2: {mode: train, name: resnet101}\n`;
    expect(refusal(shippedConfig({ policy, models: three }))).toBe(
      'my.yaml:3: models: there are 3 models; expected 2: TickTock alternates the phases of two',
    );
    expect(() => readConfig(shippedConfig({ models: one }), 'my.yaml')).not.toThrow();
    expect(() => readConfig(shippedConfig({ models: three }), 'my.yaml')).not.toThrow();
  });

  test.each([
    [
      '{mode: eval, name: resnet5}',
      `my.yaml:4: models.model0.name: is "resnet5", and the file has no block 'resnet5:' for it; did you mean "resnet50"?`,
    ],
    [
      '{mode: trian, name: bert}',
      'my.yaml:4: models.model0.mode: unknown mode "trian"; did you mean "train"?',
    ],
    ['{name: bert}', "my.yaml:4: models.model0: has no 'mode'; expected train or eval"],
    [
      '{mode: eval, nam: bert}',
      "my.yaml:4: models.model0: has no 'name' (is 'nam' it?); expected the name of a model's block",
    ],
    ['bert', 'my.yaml:4: models.model0: is "bert"; expected mode and name'],
    ['', 'my.yaml:4: models.model0: is empty; expected mode and name'],
    [
      '{mode: train, name: shared_config}',
      `my.yaml:4: models.model0.name: is "shared_config", and the file has no block 'shared_config:' for it; there are resnet50, resnet101, mobilenet_v2, bert, transformer, resnet50-1, resnet101-1, mobilenet_v2-1, bert-1, transformer-1`,
    ],
  ])('a model %j', (model, message) => {
    expect(refusal(shippedConfig({ models: `models:\n  model0: ${model}\n` }))).toBe(message);
  });

  test.each(['gnmt', 'vgg16'])('a block of %s, which cannot run', (name) => {
    const models = `models:\n  model0: {mode: train, name: ${name}}\n`;
    const why =
      name === 'gnmt' ? 'of which no program is recorded' : 'which is no model of the tool';
    expect(refusal(`${shippedConfig({ models })}${name}:\n  batch_size: 2\n`)).toBe(
      `my.yaml:4: models.model0.name: is "${name}", ${why}; expected one of resnet50, resnet101, mobilenet_v2, bert, transformer, or one of them with -1`,
    );
  });

  test.each([
    [
      'batch_size: 4',
      'batch_size: 0',
      '13: resnet50.batch_size: is 0; expected a whole number of at least 1',
    ],
    [
      'batch_size: 4',
      'batch_size: four',
      '13: resnet50.batch_size: is "four"; expected a whole number of at least 1',
    ],
    [
      'num_iterations: 100',
      'num_iterations: 10',
      '14: resnet50.num_iterations: is 10; expected a whole number of more than 10: the first 10 iterations warm up',
    ],
    [
      'request_rate: 15',
      'request_rate: -1',
      '15: resnet50.request_rate: is -1; expected requests per second, or 0 for one after the other',
    ],
    [
      'arch: resnet50',
      'arch: resnet51',
      '12: resnet50.arch: unknown arch "resnet51"; did you mean "resnet50"?',
    ],
    [
      '  request_rate: 15\n',
      '',
      "11: resnet50: has no 'request_rate'; expected requests per second, or 0 for one after the other",
    ],
  ])('%j as %j', (from, to, message) => {
    const models = 'models: {model0: {mode: eval, name: resnet50}}\n';
    const text = shippedConfig({ models }).replace(/seed: 42\n/, 'seed: 42\n# a line\n# another\n');
    expect(refusal(text.replace(from, to))).toBe(`my.yaml:${message}`);
  });

  test.each([
    [
      'distribution: gamma',
      '11',
      'shared_config.distribution: unknown distribution "gamma"; expected one of poisson, uniform, trace',
    ],
    [
      'distribution: trace',
      '10',
      "shared_config: has no 'trace_path'; expected a JSON file with the gaps between requests, in seconds",
    ],
    [
      'distribution: poisson\n  seed: -1',
      '12',
      'shared_config.seed: is -1; expected a whole number from 0 to 4294967295',
    ],
    [
      'distribution: poisson\n  pin_memory: 3',
      '12',
      'shared_config.pin_memory: is 3; expected true or false',
    ],
  ])('shared: %j', (shared, line, message) => {
    const text = shippedConfig({ shared: `shared_config:\n  ${shared}\n` });
    expect(refusal(text)).toContain(`my.yaml:${line}: ${message}`);
  });

  test('all problems at once', () => {
    const text = shippedConfig({ policy: 'policy: MSP\n' }).replace('mode: eval', 'mode: evil');
    expect(refusal(text).split('\n')).toEqual([
      'my.yaml:2: policy: unknown policy "MSP"; did you mean "MPS"?',
      'my.yaml:5: models.model0.mode: unknown mode "evil"; did you mean "eval"?',
    ]);
  });

  test('a file that is not YAML, or no map', () => {
    expect(refusal('policy: "MPS\nmodels:\n')).toMatch(/^my\.yaml:\d+:\d+: not valid YAML: /);
    expect(refusal('- a\n')).toBe('my.yaml:1: is a list; expected keys and values');
    expect(refusal('&a {<<: *a}\n')).toContain("my.yaml:1: has no 'policy'");
    expect(refusal('')).toBe('my.yaml:1: is empty; expected keys and values');
  });

  test('whatever the file holds, it is read or refused', () => {
    const words = fc.constantFrom(
      ...[
        'policy',
        'models',
        'model0',
        'mode',
        'name',
        'resnet50',
        ':',
        ' ',
        '\n',
        '  ',
        '-',
        '{',
        '}',
        '[',
        '&a',
        '*a',
        '"',
        '|',
        '#',
        '0',
        '1e400',
        'train',
      ],
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        try {
          readConfig(parts.join(''), 'my.yaml');
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});
