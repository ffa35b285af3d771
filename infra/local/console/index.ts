/** What happened to each request, and why, as lines for a terminal. Pure formatting. */
export { deploymentLines, type ListedZone } from "./deployment-lines.ts";
export { printable, printableBytes } from "./escape.ts";
export { type LineOptions, problemLines, requestLines } from "./request-lines.ts";
