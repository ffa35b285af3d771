/** A service token of Access of the stack, whose secret is changed outside of the Pulumi program. */
import type Cloudflare from "cloudflare";
import type { PermissionName } from "../../infra/preflight/for-commands.ts";
import { nameOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import { callApi, responseWithoutResult } from "./account.ts";

const PERMISSION = "Access: Service Tokens Write" satisfies PermissionName;

/** What a program sends with each request. */
interface ServiceTokenSecret {
  readonly clientId: string;
  readonly clientSecret: string;
}

interface StackServiceToken {
  /** Makes a new secret. The one before is accepted until `end`. The new one is in this response alone. */
  rotate(end: Date): Promise<ServiceTokenSecret>;
}

/** The token of this name in the configuration; undefined where the stack's state has none. */
export function serviceTokenOf(
  resources: readonly StateResource[],
  api: Cloudflare,
  name: string,
): StackServiceToken | undefined {
  const found = resources.find(({ urn }) => nameOf(urn) === `access:token:${name}`);
  const accountId = found?.inputs?.accountId;
  const id = found?.id;
  if (id === undefined || typeof accountId !== "string") return undefined;
  return {
    async rotate(end) {
      const { client_id, client_secret } = await callApi(
        api.zeroTrust.access.serviceTokens.rotate(
          id,
          { account_id: accountId, previous_client_secret_expires_at: end.toISOString() },
          // a second try would make another secret, and end the grace time of the one before
          { maxRetries: 0 },
        ),
        PERMISSION,
      );
      if (!client_id || !client_secret) throw responseWithoutResult();
      return { clientId: client_id, clientSecret: client_secret };
    },
  };
}
