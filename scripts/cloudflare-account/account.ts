/** Calls of Cloudflare's API with the stack's credentials, for what the Pulumi program does not do. */
import Cloudflare from "cloudflare";
import { type ApiCredentials, type ConfigValues, readAccess } from "../../infra/config.ts";
import { openApi, printable } from "../../infra/preflight/for-commands.ts";
import { CommandError } from "../command-line/index.ts";
import { type Cli, PulumiFailed } from "../pulumi-cli/cli.ts";

/**
 * The API with the token that the configuration or the environment has now. @throws ConfigError where there is none
 */
export async function openAccount(cli: Cli, env: NodeJS.ProcessEnv): Promise<Cloudflare> {
  return accountFor(await readAccessOf(cli, env));
}

export function accountFor(access: ApiCredentials): Cloudflare {
  return openApi(access, { tell: (line) => console.error(line) });
}

async function readAccessOf(cli: Cli, env: NodeJS.ProcessEnv): Promise<ApiCredentials> {
  return readAccess(await readConfig(cli), env);
}

/** The stack's whole configuration, by full key, secrets decrypted. @throws PulumiFailed */
export async function readConfig(cli: Cli): Promise<ConfigValues> {
  const { code, output, errors } = await cli.read(["config", "--json", "--show-secrets"]);
  if (code !== 0) throw new PulumiFailed(errors.trim());
  const config: Readonly<Record<string, { readonly value?: string }>> = JSON.parse(output);
  return Object.fromEntries(Object.entries(config).map(([key, { value = "" }]) => [key, value]));
}

/** A call of Cloudflare's API that failed. */
export class AccountError extends CommandError {
  override readonly name = "AccountError";
  /** HTTP status; undefined where there was no response. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** For a response of success without what was asked for, as of a proxy between. */
export const responseWithoutResult = (): AccountError =>
  new AccountError("Cloudflare's API responded without a result. Run the same command again.", undefined);

/**
 * Waits for a call. `permission` is the one that the token needs for it, by its name in the API.
 * @throws AccountError with Cloudflare's response and what to do
 */
export async function callApi<T>(call: PromiseLike<T>, permission: string): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof Cloudflare.APIError)) throw error;
    throw accountErrorFrom(error, permission);
  }
}

function accountErrorFrom(error: InstanceType<typeof Cloudflare.APIError>, permission: string): AccountError {
  const { status } = error;
  if (error instanceof Cloudflare.APIConnectionError) {
    const why =
      error instanceof Cloudflare.APIConnectionTimeoutError
        ? "did not respond in time, and not at the second try"
        : `could not be reached (${causeOf(error)})`;
    return new AccountError(
      `Cloudflare's API ${why}. Check the network and \`cloudflare:baseUrl\`, then run the same command again.`,
      undefined,
    );
  }
  const codes = error.errors?.map(({ code }) => code) ?? [];
  const reasons = error.errors?.map(({ code, message }) => `${code} ${message}`).join("; ") || error.message;
  return new AccountError(
    `Cloudflare refused (${status ?? "no status"}: ${printable(reasons)}). ${adviceFor(status, codes, permission)}`,
    status,
  );
}

/** Cloudflare's codes for a wrong token: invalid request headers, invalid API token, invalid access token. */
const WRONG_TOKEN = new Set([6003, 1000, 9109]);

function adviceFor(status: number | undefined, codes: readonly (number | undefined)[], permission: string): string {
  if (status === 401 || codes.some((code) => code !== undefined && WRONG_TOKEN.has(code))) {
    return "The API token is wrong, or was revoked: set `cloudflare:apiToken` or CLOUDFLARE_API_TOKEN to a valid one.";
  }
  if (status === 403) return `The API token needs the permission "${permission}".`;
  if (status === 404) return "It is not there any more.";
  if (status === 429) return "Wait five minutes, then run the same command again.";
  return "Run the same command again.";
}

/** The innermost cause of an error: it has what happened, while the outer ones are "fetch failed". */
function causeOf(error: Error): string {
  return error.cause instanceof Error ? causeOf(error.cause) : error.message;
}
