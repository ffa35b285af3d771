import type { RequestRecord, RequestTrace } from "../edge/index.ts";
import { BackendLines } from "./backend-lines.ts";
import { ExchangeStore, type KeptExchange, type StoreLimits } from "./exchange-store.ts";
import { RecordFile } from "./record-file.ts";
import { recordExchange } from "./recorded-exchange.ts";
import { RuleStatistics } from "./rule-hits.ts";
import { SecretNames } from "./secret-names.ts";

/** How to record. */
export interface RecorderOptions {
  /** File of the record; see `RecordFile`. Absent: requests are kept in memory alone. */
  readonly file?: string;
  /** Names of parameters that the surface marks as secrets. */
  readonly secretParameters: Iterable<string>;
  readonly limits?: Partial<StoreLimits>;
  /** Gets a line for the user when something is no longer recorded. */
  warn(line: string): void;
}

/** Records what passes the edge, without secrets: in memory, and on the disk. */
export class Recorder {
  readonly exchanges: ExchangeStore;
  readonly backend = new BackendLines();
  readonly rules = new RuleStatistics();
  readonly #names: SecretNames;
  readonly #file: RecordFile | undefined;
  readonly #warn: RecorderOptions["warn"];
  readonly #listeners = new Set<(kept: KeptExchange) => void>();
  #seq = 0;
  #hasFailed = false;

  constructor({ file, secretParameters, limits, warn }: RecorderOptions) {
    this.exchanges = new ExchangeStore(limits);
    this.#names = new SecretNames(secretParameters);
    this.#file = file === undefined ? undefined : new RecordFile(file, warn);
    this.#warn = warn;
  }

  /** Records one exchange. Never throws: a request does not fail because it cannot be recorded. */
  readonly onTrace = (record: RequestRecord, trace: RequestTrace): void => {
    try {
      this.#seq += 1;
      const { exchange, bodies } = recordExchange(this.#seq, record, trace, this.#names);
      const kept = this.exchanges.add(exchange, bodies, trace.zone);
      this.#file?.append(kept.json);
      this.rules.add(exchange);
      for (const listener of this.#listeners) listener(kept);
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#warn(`a request could not be recorded: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  /** Calls the listener with each exchange that is recorded. The returned function stops that. */
  onRecorded(listener: (kept: KeptExchange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes what the disk does not have yet. */
  async close(): Promise<void> {
    await this.#file?.close();
  }
}
