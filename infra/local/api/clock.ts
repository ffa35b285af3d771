/** The API's clock. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** RFC 3339 with a fraction, as the API writes it. */
  timestamp(): string;
}

export function createClock(now: () => number): Clock {
  return { now, timestamp: () => new Date(now()).toISOString() };
}
