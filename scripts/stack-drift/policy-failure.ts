import { programErrorMessage } from "../../infra/local/engine/index.ts";

/** Why the policy's files cannot be loaded; undefined where they can. */
export async function policyFailure(): Promise<string | undefined> {
  try {
    await import("../../infra/policy/index.ts");
    return undefined;
  } catch (error) {
    return error instanceof Error ? programErrorMessage(error) : String(error);
  }
}
