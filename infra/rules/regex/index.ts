import { VisitBudget } from "./budget.ts";
import { CaptureSearch, type Groups } from "./capture-search.ts";
import { longestSafeInput } from "./cost.ts";
import { javascriptSource } from "./javascript.ts";
import { LazyAutomaton } from "./lazy-automaton.ts";
import type { Node } from "./node.ts";
import { type ParsedPattern, parsePattern } from "./parser.ts";
import { PatternError } from "./scanner.ts";
import { compiledSize, DEFAULT_SIZE_LIMIT_BYTES } from "./size.ts";
import { trim } from "./trim.ts";

export { PatternTooCostly } from "./budget.ts";

/** A compiled pattern. All inputs are byte strings: one UTF-16 code unit per byte. */
export interface Regex {
  readonly ok: true;
  /** As given: a byte string. */
  readonly pattern: string;
  /**
   * Whether the pattern matches somewhere in the input. Time is linear in the input's length, and capped. Throws
   * `PatternTooCostly`.
   */
  test(input: string): boolean;
  /** Whether there may be an input of this many bytes on which `test` throws. */
  mayBeTooCostly(length: number): boolean;
  /** The leftmost match and its groups, as a backtracking matcher would prefer them. Throws `PatternTooCostly`. */
  find(input: string): Groups | undefined;
  /** The input with its first match replaced: in the replacement, `${1}` is a group, `$$` a dollar sign. */
  replaceFirst(input: string, replacement: string): string;
}

/** Why a pattern is refused: Rust's words, and the byte offset in the pattern. */
export interface RegexRefusal {
  readonly ok: false;
  readonly message: string;
  readonly at: number;
}

export interface RegexOptions {
  /** Bytes that the compiled pattern may take by Rust's reckoning. */
  readonly sizeLimit?: number;
  /** Forces one of the two matchers, for tests that compare them; "fastest" chooses by pattern and input. */
  readonly matcher?: "fastest" | "automaton";
}

/**
 * Compiles a pattern in Rust's syntax, as `matches` has it: on bytes, Unicode off unless `(?u)`, leftmost-first
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/operators/,
 * https://docs.rs/regex/latest/regex/#syntax).
 *
 * What a backtracking matcher can be trusted with runs on JavaScript's RegExp, everything else, and every long input,
 * on a lazily built automaton. No pattern and input can hang either: what takes too many steps throws
 * `PatternTooCostly`.
 * @param pattern the pattern as a byte string (UTF-8)
 */
export function compileRegex(pattern: string, options: RegexOptions = {}): Regex | RegexRefusal {
  const { sizeLimit = DEFAULT_SIZE_LIMIT_BYTES, matcher = "fastest" } = options;
  let parsed: ParsedPattern;
  try {
    parsed = parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { ok: false, message: error.message, at: error.at };
  }
  const size = compiledSize(parsed.node);
  if (size > sizeLimit)
    return { ok: false, message: `Compiled regex exceeds size limit of ${sizeLimit} bytes.`, at: 0 };
  return new CompiledRegex(pattern, parsed, matcher === "automaton" ? undefined : backtracker(trim(parsed.node)));
}

/** Patterns of a larger compiled size are not worth a RegExp: engines limit those as well. */
const maxRegExpSize = 64 * 1024;

function backtracker(node: Node): { readonly regExp: RegExp; readonly longest: number } | undefined {
  if (compiledSize(node) > maxRegExpSize) return undefined;
  const longest = longestSafeInput(node);
  const source = longest > 0 ? javascriptSource(node) : undefined;
  return source === undefined ? undefined : { regExp: new RegExp(source === "" ? "(?:)" : source), longest };
}

class CompiledRegex implements Regex {
  readonly ok = true;
  readonly pattern: string;
  readonly #parsed: ParsedPattern;
  readonly #regExp: RegExp | undefined;
  readonly #longest: number;
  readonly #budget: VisitBudget;
  #lazyAutomaton: LazyAutomaton | undefined;
  #captureSearch: CaptureSearch | undefined;

  constructor(
    pattern: string,
    parsed: ParsedPattern,
    fast: { readonly regExp: RegExp; readonly longest: number } | undefined,
  ) {
    this.pattern = pattern;
    this.#parsed = parsed;
    this.#regExp = fast?.regExp;
    this.#longest = fast?.longest ?? 0;
    this.#budget = new VisitBudget(pattern);
  }

  get #automaton(): LazyAutomaton {
    this.#lazyAutomaton ??= new LazyAutomaton(trim(this.#parsed.node), this.#budget);
    return this.#lazyAutomaton;
  }

  test(input: string): boolean {
    if (this.#regExp && input.length <= this.#longest) return this.#regExp.test(input);
    return this.#automaton.test(input);
  }

  mayBeTooCostly(length: number): boolean {
    return length > this.#longest && this.#automaton.mayBeTooCostly(length);
  }

  find(input: string): Groups | undefined {
    this.#captureSearch ??= new CaptureSearch(this.#parsed.node, this.#parsed.captures, this.#budget);
    return this.#captureSearch.find(input);
  }

  replaceFirst(input: string, replacement: string): string {
    const groups = this.find(input);
    const whole = groups?.[0];
    if (!groups || !whole) return input;
    const text = replacement.replaceAll(/\$(?:\$|\{(\d+)\})/g, (_, number?: string) => {
      const group = number === undefined ? undefined : groups[Number(number)];
      return number === undefined ? "$" : group ? input.slice(...group) : "";
    });
    return input.slice(0, whole[0]) + text + input.slice(whole[1]);
  }
}
