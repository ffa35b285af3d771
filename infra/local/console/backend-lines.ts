/** What the backend's log has about one request. */
export interface BackendFacts {
  /** The lines of the log, in order. */
  readonly lines: readonly string[];
  /** Milliseconds in the gateway; absent until its line about the response was written. */
  readonly gatewayMs?: number;
}

interface LinesOfRay {
  lines: string[];
  bytes: number;
  gatewayMs?: number;
}

/** Lines that are kept of one request. */
const MAX_LINES = 20;
const RAY = /"ray":"([0-9a-f]{16}(?:-[A-Z]{3})?)"/;
const MILLISECONDS = /"status":\d+,.*?"ms":([\d.]+)/;

/** The lines of the backend's log that name a request, by its ray: the newest, up to a number of characters. */
export class BackendLines {
  readonly #byRay = new Map<string, LinesOfRay>();
  readonly #maxCharacters: number;
  #characters = 0;

  constructor(maxCharacters = 8 * 1024 * 1024) {
    this.#maxCharacters = maxCharacters;
  }

  /** Takes a piece of the log: whole lines. */
  add(text: string): void {
    if (!text.includes('"ray":"')) return;
    for (const line of text.split("\n")) this.#addLine(line);
  }

  /** Undefined where the log had no line about it, or has had too many since. */
  get(ray: string): BackendFacts | undefined {
    return this.#byRay.get(ray);
  }

  #addLine(line: string): void {
    const ray = RAY.exec(line)?.[1];
    if (ray === undefined) return;
    const known = this.#byRay.get(ray) ?? { lines: [], bytes: 0 };
    this.#byRay.set(ray, known);
    const milliseconds = MILLISECONDS.exec(line)?.[1];
    if (milliseconds !== undefined) known.gatewayMs = Number(milliseconds);
    if (known.lines.length >= MAX_LINES) return;
    known.lines.push(line);
    known.bytes += line.length;
    this.#characters += line.length;
    for (const [oldest, { bytes }] of this.#byRay) {
      if (this.#characters <= this.#maxCharacters) break;
      this.#byRay.delete(oldest);
      this.#characters -= bytes;
    }
  }
}
