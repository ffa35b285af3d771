/**
 * What this stack's own state has, read through Pulumi's engine: it works for every backend of Pulumi and for plain
 * `pulumi up`, and it sees the state as it is at the start of the run.
 */
import * as pulumi from "@pulumi/pulumi";
import { type KnownIds, knownIdsOf } from "./preflight/index.ts";
import { isObject } from "./rules/index.ts";

/** The engine's own look-up: every resource in the state of a stack, by URN, with its type and outputs. */
const READ_STATE = "pulumi:pulumi:readStackResourceOutputs";

/**
 * The state could not be read, so it is not known what is ours: nothing may be imported or created. Code
 * `STATE_UNKNOWN`.
 */
export class OwnStateError extends Error {
  readonly code = "STATE_UNKNOWN";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;

  constructor(reason: string) {
    super(
      `Nothing was created: the state of this stack could not be read (${reason}), so that what it has made ` +
        "cannot be told from what others have made. Run the same command again; if it fails again, `pulumi " +
        "stack export` says whether the state can be read at all.",
    );
    this.name = "OwnStateError";
  }
}

/**
 * The ids of the stack's records, rulesets and tunnel, by the name of the resource in the program. @throws
 * OwnStateError
 */
export async function readOwnState(): Promise<KnownIds> {
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const resources = Object.entries(await resourcesOf(project, stack)).map(([urn, resource]) => ({
    urn,
    id: textOf(resource, "id"),
    kept: textOf(resource, "output"),
  }));
  const stray = resources.find(({ urn }) => !urn.startsWith(`urn:pulumi:${stack}::${project}::`));
  if (stray !== undefined) throw new OwnStateError(`Pulumi gave the state of another stack, with ${stray.urn}`);
  try {
    return knownIdsOf(resources);
  } catch (error) {
    throw new OwnStateError(error instanceof Error ? error.message : String(error));
  }
}

async function resourcesOf(project: string, stack: string): Promise<Readonly<Record<string, unknown>>> {
  let answer: unknown;
  try {
    answer = await pulumi.runtime.invoke(READ_STATE, { stackName: stackName(project, stack) });
  } catch (error) {
    throw new OwnStateError(error instanceof Error ? error.message : String(error));
  }
  if (!isObject(answer) || !isObject(answer.outputs)) throw new OwnStateError("Pulumi gave no resources");
  return answer.outputs;
}

/**
 * Backends other than Pulumi Cloud have the one organization "organization", and older ones of them take no more than
 * the stack's name.
 */
function stackName(project: string, stack: string): string {
  const organization = pulumi.getOrganization();
  return organization === "" || organization === "organization" ? stack : `${organization}/${project}/${stack}`;
}

function textOf(resource: unknown, output: "id" | "output"): string | undefined {
  const text = isObject(resource) && isObject(resource.outputs) ? resource.outputs[output] : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}
