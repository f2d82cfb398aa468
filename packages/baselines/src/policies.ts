/** The policies that a configuration may name, and the core's systems that they are. */

export interface Policy {
  /** As configurations write it; upper and lower case are alike. */
  name: string;
  /** System of the core. */
  system: string;
  /** Parameters of it, given whether the first model's requests arrive at a rate. */
  params?: (firstHasRate: boolean) => Record<string, boolean>;
  /** Number of models, where it is fixed. */
  models?: number;
  /** Every model runs its own number of iterations; otherwise all end with the first. */
  ownEnd: boolean;
  /** One model after the other: there is no time that they share. */
  alone: boolean;
}

/** In the tool's order; the last one is what its code does under the name Sequential. */
export const POLICIES: readonly Policy[] = [
  { name: 'MPS', system: 'mps', ownEnd: false, alone: false },
  { name: 'TickTock', system: 'ticktock', models: 2, ownEnd: true, alone: false },
  { name: 'Streams', system: 'streams-priority', ownEnd: false, alone: false },
  { name: 'Isolated', system: 'ideal', ownEnd: true, alone: true },
  {
    name: 'Sequential',
    system: 'sequential',
    // In a closed loop a first model that is asked first would leave nothing to the others.
    params: (firstHasRate) => ({ high_first: firstHasRate }),
    ownEnd: false,
    alone: false,
  },
  {
    name: 'Sequential-as-published',
    system: 'sequential-as-published',
    ownEnd: false,
    alone: false,
  },
];
