/** Maximum levels of nesting in JSON of a client. The surface declares at most two. */
export const MAX_DEPTH = 16;

/**
 * Whether JSON text opens more than `max` levels of arrays and objects. Looks at the text before it is parsed, without
 * recursion, so that nothing that walks the value later can run out of stack.
 */
export function isTooDeep(json: string, max: number = MAX_DEPTH): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < json.length; index++) {
    const code = json.charCodeAt(index);
    if (quoted) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (++depth > max) return true;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--;
  }
  return false;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
