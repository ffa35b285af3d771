/**
 * What happened to each request, and why: as lines for a terminal, which the caller prints, and as a record without
 * secrets.
 */
export { type RunningConsole, startConsole } from "./console-server.ts";
export { deploymentLines } from "./deployment-lines.ts";
export { printable, printableBytes } from "./escape.ts";
export { ExampleRefusal, type ExampleToWrite, type ExampleWriter, type ProposedEdit } from "./example-writer.ts";
export { buildConsolePage } from "./page-files.ts";
export { RECORD_FORMAT } from "./record-file.ts";
export { Recorder } from "./recorder.ts";
export { type LineOptions, problemLines, requestLines } from "./request-lines.ts";
export { createRequestLog } from "./request-log.ts";
