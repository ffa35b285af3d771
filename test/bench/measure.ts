/** One thing to time: runs once over all inputs and answers something that depends on the work. */
export interface Candidate {
  readonly name: string;
  /** Calls in one run. */
  readonly calls: number;
  readonly run: () => number;
}

export interface Measured {
  readonly name: string;
  /** Nanoseconds for one call: the median of all rounds. */
  readonly nanoseconds: number;
}

const roundTime = 40;
const warmTime = 200;
const rounds = 15;
let sink = 0;

/** Milliseconds of processor time that this thread has taken: what else the machine does takes none of it. */
function cpuTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/**
 * Times candidates in turns, so that what else the machine does meets all of them alike: every round runs each for
 * about 40 ms, in changing order; the median of 15 rounds counts.
 */
export function measure(candidates: readonly Candidate[]): readonly Measured[] {
  const repeats = candidates.map((candidate) => warm(candidate));
  const times = candidates.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < candidates.length; i += 1) {
      const which = (i + round) % candidates.length;
      const candidate = candidates[which];
      if (candidate) times[which]?.push(once(candidate, repeats[which] ?? 1));
    }
  }
  return candidates.map(({ name }, i) => ({ name, nanoseconds: median(times[i] ?? []) }));
}

/** Runs a candidate until it is compiled; answers how many runs fill a round. */
function warm({ run }: Candidate): number {
  let runs = 0;
  let elapsed = 0;
  const start = cpuTime();
  while (elapsed < warmTime) {
    sink += run();
    runs += 1;
    elapsed = cpuTime() - start;
  }
  return Math.max(1, Math.round((runs * roundTime) / elapsed));
}

/** Times something slow a fixed number of times; answers nanoseconds for one. */
export async function measureSlow(times: number, once: (i: number) => unknown): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const start = cpuTime();
    await once(i);
    taken.push((cpuTime() - start) * 1e6);
  }
  return median(taken);
}

function once({ run, calls }: Candidate, repeat: number): number {
  const start = cpuTime();
  for (let i = 0; i < repeat; i += 1) sink += run();
  return ((cpuTime() - start) * 1e6) / (repeat * calls);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/**
 * A loop that every machine can run, to compare figures of different machines: steps of a linear congruential
 * generator.
 */
export const calibration: Candidate = {
  name: "calibration: one step of x * 1664525 + 1013904223",
  calls: 10_000,
  run: () => {
    let x = sink & 1;
    for (let i = 0; i < 10_000; i += 1) x = (Math.imul(x, 1_664_525) + 1_013_904_223) | 0;
    return x & 1;
  },
};
