import type { Visitors } from "../../rules/index.ts";
import type { Cloud } from "../api/state.ts";
import type { ExampleWriter } from "./example-writer.ts";
import type { ConsoleFile } from "./page-files.ts";
import type { Recorder } from "./recorder.ts";
import type { EdgeToSendTo } from "./send-again.ts";

/** What a console shows, and where. */
export interface ConsoleOptions {
  /** Port on 127.0.0.1. */
  readonly port: number;
  readonly recorder: Recorder;
  readonly cloud: Pick<Cloud, "zoneOf" | "onChange">;
  /** A hostname of the site; its zone's rules are shown. */
  readonly hostname: string;
  /** Folder of mails that were not sent; absent: mails are sent. */
  readonly outbox?: string | undefined;
  /** Files of the page by their path. */
  readonly files: ReadonlyMap<string, ConsoleFile>;
  /** Where requests are sent again. */
  readonly edge: EdgeToSendTo;
  /** The visitors that requests can be sent for, as they are now. */
  visitors(): Promise<Visitors>;
  /** Writes examples into the policy; absent: this console writes none. */
  readonly examples?: ExampleWriter;
  /** Milliseconds since the UNIX epoch; of the machine if absent. */
  readonly clock?: () => number;
  /** The connectors that are connected, as the API lists them. */
  connectors(): Promise<unknown>;
}
