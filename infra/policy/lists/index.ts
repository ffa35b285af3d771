import type { PolicyList } from "../list.ts";

/**
 * Custom lists (https://developers.cloudflare.com/waf/tools/lists/custom-lists/) that rules compare with by `in
 * $name`, one file each. They belong to the account: its other sites and stacks see them too. Free allows one,
 * of addresses.
 */
export const lists: readonly PolicyList[] = [];
