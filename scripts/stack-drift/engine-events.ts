/** Reads the event stream of `pulumi preview --refresh --json` and of `pulumi refresh --preview-only --json`. */
import { isObject } from "../../infra/rules/index.ts";

/**
 * Makes the CLI write its events, one JSON object for each line. Its other JSON form has no new state with the real
 * provider.
 */
export const STREAM_EVENTS = { PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" } as const;

/** Pulumi's data of one resource: inputs are what was declared, outputs what Cloudflare responded. */
interface ResourceSnapshot {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** One resource in the state, and the same resource as the refresh read it from Cloudflare. */
export interface RefreshedResource {
  readonly urn: string;
  readonly type: string;
  readonly state: ResourceSnapshot;
  /** Undefined where Cloudflare does not have it any more. */
  readonly now?: ResourceSnapshot;
}

/** What an `up` would do with one resource: `create`, `import`, `update`, `delete`, `same`, ... */
interface PlannedStep {
  readonly urn: string;
  readonly type: string;
  readonly op: string;
}

export interface EngineEvents {
  readonly refreshed: readonly RefreshedResource[];
  /** Empty for a refresh alone. */
  readonly planned: readonly PlannedStep[];
  /** Messages of the errors, in their order. */
  readonly errors: readonly string[];
  /** False where the run failed, or ended without a result. */
  readonly hasSucceeded: boolean;
}

/** Steps of a refresh alone: there the event of a resource names what the refresh found. */
const FOUND = new Set(["same", "update", "delete"]);

/** Lines that are no JSON are ignored: the CLI may print warnings of its own. */
export function parseEvents(text: string): EngineEvents {
  const events = text.split("\n").flatMap(parseLine);
  const steps = events.flatMap(({ resOutputsEvent }) => metadataOf(resOutputsEvent));
  const isPreview = steps.some(({ op }) => op === "refresh");
  const isFound = ({ op, old }: StepMetadata) => (isPreview ? op === "refresh" : old !== undefined && FOUND.has(op));
  return {
    refreshed: steps.flatMap((step) => {
      const { urn, type, old, new: now } = step;
      if (!isFound(step) || old === undefined) return [];
      return [{ urn, type, state: old, ...(now !== undefined && step.op !== "delete" && { now }) }];
    }),
    planned: isPreview ? steps.filter((step) => !isFound(step)).map(({ urn, type, op }) => ({ urn, type, op })) : [],
    errors: events.flatMap(({ diagnosticEvent }) => errorOf(diagnosticEvent)),
    hasSucceeded: events.some(({ summaryEvent }) => isObject(summaryEvent) && summaryEvent.result === "succeeded"),
  };
}

interface StepMetadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly old?: ResourceSnapshot;
  readonly new?: ResourceSnapshot;
}

function parseLine(line: string): Readonly<Record<string, unknown>>[] {
  if (!line.startsWith("{")) return [];
  try {
    const event: unknown = JSON.parse(line);
    return isObject(event) ? [event] : [];
  } catch {
    return [];
  }
}

/**
 * Components have nothing at Cloudflare and are left out. A refresh reports a resource that is gone twice, the second
 * time as unchanged.
 */
function metadataOf(event: unknown): StepMetadata[] {
  const metadata = isObject(event) ? event.metadata : undefined;
  if (!isObject(metadata)) return [];
  const { op, urn, type, old, new: now } = metadata;
  if (typeof op !== "string" || typeof urn !== "string" || typeof type !== "string") return [];
  const isCustom = [old, now].some((state) => isObject(state) && state.custom === true);
  if (!isCustom || type.startsWith("pulumi:")) return [];
  const [before, after] = [snapshotOf(old), snapshotOf(now)];
  return [{ op, urn, type, ...(before !== undefined && { old: before }), ...(after !== undefined && { new: after }) }];
}

function snapshotOf(state: unknown): ResourceSnapshot | undefined {
  if (!isObject(state)) return undefined;
  const { inputs, outputs } = state;
  return { inputs: isObject(inputs) ? inputs : {}, outputs: isObject(outputs) ? outputs : {} };
}

function errorOf(event: unknown): string[] {
  if (!isObject(event) || event.severity !== "error" || typeof event.message !== "string") return [];
  return [event.message.trim()];
}
