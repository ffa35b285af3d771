/** The other stacks of a zone, which are bound by the rules of the stack that is taken down. */
import type Cloudflare from "cloudflare";
import { type LeftBehind, printable, stackOfMark } from "../../infra/preflight/for-commands.ts";
import { callApi } from "../cloudflare-account/account.ts";
import { CommandError } from "../command-line/index.ts";
import { kindOf, type StateResource } from "../pulumi-cli/stack-state.ts";
import { projectName } from "../pulumi-cli/state-folder.ts";

/** A hostname of another stack, by the comment of its record. */
export interface GuestHostname {
  readonly hostname: string;
  /** `PROJECT/STACK` */
  readonly stack: string;
}

/**
 * Empty where the stack has no rules, as a guest: neither in its state nor left behind by an interrupted run.
 * @throws AccountError
 */
export async function readGuests(
  api: Cloudflare,
  stack: string,
  resources: readonly StateResource[],
  left: readonly LeftBehind[],
): Promise<readonly GuestHostname[]> {
  const zoneId =
    resources.find((resource) => kindOf(resource) === "ruleset")?.inputs?.zoneId ??
    left.find(({ kind }) => kind === "ruleset")?.path.split("/")[2];
  if (typeof zoneId !== "string") return [];
  const own = `${await projectName()}/${stack.split("/").at(-1)}`;
  const read = async () => {
    const guests: GuestHostname[] = [];
    for await (const { name, comment } of api.dns.records.list({ zone_id: zoneId, per_page: 1000 })) {
      const owner = stackOfMark(comment);
      if (owner !== undefined && owner !== own) guests.push({ hostname: name, stack: owner });
    }
    return guests;
  };
  return callApi(read(), "DNS Write");
}

export const guestLines = (guests: readonly GuestHostname[]): readonly string[] =>
  guests.length === 0
    ? []
    : [
        "Guests in this zone, whose hostnames these rules bind:",
        ...guests.map(({ hostname, stack }) => printable(`  ${hostname}  of the stack ${stack}`)),
      ];

/** What a run that only lists prints of the guests: whether `down` would be refused. */
export function guestVerdict(guests: readonly GuestHostname[], areLeft: boolean): readonly string[] {
  if (guests.length === 0) return [];
  return areLeft
    ? ["Their sites go on without any rule."]
    : ["`down` is refused because of these guests. With `--leave-guests` it goes on, and they have no rule then."];
}

/** @throws CommandError where there are guests */
export function assertNoGuests(guests: readonly GuestHostname[]): void {
  if (guests.length === 0) return;
  throw new CommandError(
    "The stack owns rules that bind these guests. Nothing was done. Take the guests down first. With " +
      "`--leave-guests` the stack goes down all the same, and their sites go on without any rule.",
  );
}
