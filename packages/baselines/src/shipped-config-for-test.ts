/** The tool's configuration with the values that it ships, in words of our own. */

export interface Shipped {
  policy?: string;
  models?: string;
  shared?: string;
}

const block = (
  name: string,
  arch: string,
  batch: number,
  iterations: number,
  rate: number,
): string =>
  `${name}:\n  arch: ${arch}\n  batch_size: ${String(batch)}\n` +
  `  num_iterations: ${String(iterations)}\n  request_rate: ${String(rate)}\n`;

/** The shipped text, parts of it replaced. */
export function shippedConfig(changed: Shipped = {}): string {
  const policy = changed.policy ?? 'policy: "MPS"\n';
  const models =
    changed.models ??
    'models:\n  model0:\n    mode: eval\n    name: resnet50\n  model1:\n     mode: train\n     name: mobilenet_v2\n';
  const shared =
    changed.shared ??
    "shared_config:\n  distribution: poisson\n  trace_path: './inter_arrival_times.json'\n  pin_memory: true\n  seed: 42\n";
  return [
    '---\n',
    ...[policy, models, shared],
    block('resnet50', 'resnet50', 4, 100, 15),
    block('resnet101', 'resnet101', 32, 500, 0),
    block('mobilenet_v2', 'mobilenet_v2', 64, 10000, 0),
    block('bert', 'base', 8, 500, 0),
    block('transformer', 'base', 8, 500, 0),
    block('resnet50-1', 'resnet50', 32, 1000, 80),
    block('resnet101-1', 'resnet101', 32, 1000, 40),
    block('mobilenet_v2-1', 'mobilenet_v2', 64, 1000, 100),
    block('bert-1', 'base', 8, 1000, 8),
    block('transformer-1', 'base', 8, 1000, 20),
  ].join('');
}
