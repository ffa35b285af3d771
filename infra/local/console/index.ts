/** What happened to each request, and why, as lines for a terminal. Formatting only; printing is the caller's. */
export { deploymentLines } from "./deployment-lines.ts";
export { printable, printableBytes } from "./escape.ts";
export { problemLines, requestLines } from "./request-lines.ts";
export { createRequestLog } from "./request-log.ts";
