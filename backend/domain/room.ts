import { accepted, type Checked, refused } from "./checked.ts";

/** The room everybody is offered first. */
export const LOBBY = "lobby";

/** Members up to which a room is small: only there are all told who comes and goes and who has read how far; in larger ones it would drown what is said. */
export const SMALL_ROOM = 50;

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,63}$/u;

/** The one spelling of a room's name: NFKC and lower case; letters, digits, `-` and `_` of any script, 1 to 64 characters. */
export function roomName(input: string): Checked<string> {
  const name = input.isWellFormed() ? input.normalize("NFKC").trim().toLowerCase().normalize("NFKC") : "";
  return NAME.test(name)
    ? accepted(name)
    : refused("ROOM_NAME", "A room's name has 1 to 64 letters, digits, hyphens or underscores.");
}
