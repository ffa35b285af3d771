/** One wrong or missing configuration value. */
export interface ConfigProblem {
  /** Full key, e.g. `causeway:hostnames`. */
  readonly key: string;
  /** The value that was given; `nothing` where it is missing. */
  readonly given: string;
  readonly expected: string;
}

/** The stack's configuration is wrong; the message lists every problem with what to set. Code `CONFIG_INVALID`. */
export class StackConfigError extends Error {
  readonly code = "CONFIG_INVALID";
  /** Pulumi prints such an error without its stack: the program is not at fault. */
  readonly __pulumiRunError = true;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const lines = problems.map(({ key, given, expected }) => `  ${key}: got ${given}, expected ${expected}`);
    super(`The configuration of this stack is not complete and right:\n${lines.join("\n")}`);
    this.name = "StackConfigError";
    this.problems = problems;
  }
}

/** All configuration of a run, secrets decrypted, by full key: what `pulumi.runtime.allConfig()` returns. */
export type ConfigValues = Readonly<Record<string, string>>;

/** How the program itself reaches Cloudflare's API, by the same keys and variables as the provider. */
export interface ApiCredentials {
  readonly apiToken: string;
  readonly baseURL: string | undefined;
}

/** Reads the token and the address of the API. Throws `StackConfigError` where there is no token; never quotes one. */
export function readAccess(values: ConfigValues, env: Readonly<Record<string, string | undefined>>): ApiCredentials {
  const apiToken = values["cloudflare:apiToken"] ?? env.CLOUDFLARE_API_TOKEN;
  if (apiToken === undefined || apiToken === "") {
    throw new StackConfigError([
      {
        key: "cloudflare:apiToken",
        given: "nothing",
        expected:
          "an API token: `pulumi config set --secret cloudflare:apiToken`, or the environment variable " +
          "CLOUDFLARE_API_TOKEN",
      },
    ]);
  }
  return { apiToken, baseURL: values["cloudflare:baseUrl"] ?? env.CLOUDFLARE_BASE_URL };
}

/**
 * What a run of the program is for. Pulumi runs it for `refresh --run-program` and `destroy --run-program` too, so
 * that the provider gets the current configuration; the program cannot see that from Pulumi.
 */
export type Purpose = "deploy" | "refresh" | "destroy";

/** Environment variable with the purpose of the run; without it: `deploy`. */
export const PURPOSE = "CAUSEWAY_PURPOSE";

/** Reads the purpose. Throws `StackConfigError` where it is none. */
export function readPurpose(env: Readonly<Record<string, string | undefined>>): Purpose {
  const given = env[PURPOSE] ?? "deploy";
  if (given === "deploy" || given === "refresh" || given === "destroy") return given;
  throw new StackConfigError([{ key: PURPOSE, given: JSON.stringify(given), expected: "deploy, refresh or destroy" }]);
}

/** Refuses a run that would write for the purpose of one that reads. Throws `StackConfigError`. */
export function assertReadsOnly(purpose: Purpose, isDryRun: boolean): void {
  if (purpose === "deploy" || isDryRun) return;
  throw new StackConfigError([
    {
      key: PURPOSE,
      given: JSON.stringify(purpose),
      expected:
        "no such variable in a run that deploys: nothing was checked or changed. Take it out of the environment",
    },
  ]);
}

/** Environment variable that deploys, for one run, what examples and stories do not prove. */
const UNPROVED = "CAUSEWAY_UNPROVED";

/**
 * Whether what is not proved is deployed all the same. Throws `StackConfigError` where the value is neither yes nor
 * absent.
 */
export function readUnproved(env: Readonly<Record<string, string | undefined>>): boolean {
  const given = env[UNPROVED];
  if (given === undefined || given === "yes") return given === "yes";
  throw new StackConfigError([{ key: UNPROVED, given: JSON.stringify(given), expected: "yes, or no such variable" }]);
}

/** Places that Access protects and that the operator lets one run open; none where there is no such variable. */
export const readOpens = (env: Readonly<Record<string, string | undefined>>): readonly string[] =>
  (env.CAUSEWAY_OPENS ?? "").split(/[\s,]+/).filter((place) => place !== "");

/** The last lines of a run that deploys rules whose proof failed; none where all are proved. */
export const unprovedLines = (failures: readonly string[]): readonly string[] =>
  failures.length === 0
    ? []
    : [`${UNPROVED}=yes: this run deploys what neither example nor story proves:`, ...failures];
