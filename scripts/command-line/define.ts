/** The definition of a command: its arguments, options, environment variables and examples. */
import { text, type ValueKind } from "./values.ts";

/** A positional argument. `T` is what the command gets. */
export interface PositionalArgument<T> {
  readonly summary: string;
  readonly count: "one" | "list" | "non-empty list";
  readonly kind: ValueKind<unknown>;
  /** Carries the type only; never set. */
  readonly type?: T;
}

export function argument(summary: string): PositionalArgument<string>;
export function argument<T>(summary: string, kind: ValueKind<T>): PositionalArgument<T>;
export function argument(summary: string, kind: ValueKind<unknown> = text): PositionalArgument<unknown> {
  return { summary, count: "one", kind };
}

/** Any number of arguments, also none. It must be the last one. */
export function argumentList(summary: string): PositionalArgument<readonly string[]>;
export function argumentList<T>(summary: string, kind: ValueKind<T>): PositionalArgument<readonly T[]>;
export function argumentList(summary: string, kind: ValueKind<unknown> = text): PositionalArgument<readonly unknown[]> {
  return { summary, count: "list", kind };
}

/** At least one argument. It must be the last one. */
export function argumentsFromOne(
  summary: string,
  kind: ValueKind<string> = text,
): PositionalArgument<readonly string[]> {
  return { summary, count: "non-empty list", kind };
}

/** An option. `T` is what the command gets. */
export interface Option<T> {
  /** As commander reads them: `-s, --stack <name>`, or `--yes` where there is no value. */
  readonly flags: string;
  readonly summary: string;
  readonly kind?: ValueKind<unknown>;
  readonly isRequired?: boolean;
  readonly isList?: boolean;
  readonly default?: unknown;
  /** Carries the type only; never set. */
  readonly type?: T;
}

/** An option without a value; false where it is not given. */
export function flag(flags: string, summary: string): Option<boolean> {
  return { flags, summary };
}

/** An option with a value; undefined where it is not given. */
export function option<T>(flags: string, summary: string, kind: ValueKind<T>): Option<T | undefined> {
  return { flags, summary, kind };
}

/** An option with a value that has a default. */
export function optionWithDefault<T>(flags: string, summary: string, kind: ValueKind<T>, value: NoInfer<T>): Option<T> {
  return { flags, summary, kind, default: value };
}

/** An option that must be given. */
export function requiredOption<T>(flags: string, summary: string, kind: ValueKind<T>): Option<T> {
  return { flags, summary, kind, isRequired: true };
}

/** An option that may be given several times; an empty list where it is not. */
export function optionList<T>(flags: string, summary: string, kind: ValueKind<T>): Option<readonly T[]> {
  return { flags, summary, kind, isList: true };
}

export type Arguments = Readonly<Record<string, PositionalArgument<unknown>>>;
export type Options = Readonly<Record<string, Option<unknown>>>;
type ArgumentValues<A> = { readonly [Name in keyof A]: A[Name] extends PositionalArgument<infer T> ? T : never };
export type OptionValues<O> = { readonly [Name in keyof O]: O[Name] extends Option<infer T> ? T : never };

/** What a command gets when it runs: everything is there and allowed. */
export interface CommandInput<A, O> {
  readonly args: ArgumentValues<A>;
  readonly options: OptionValues<O>;
  /** Arguments after `--`, for the program that the command starts. */
  readonly passThrough: readonly string[];
}

/** An exit code: 0 done, 1 findings or a failure, 2 wrong use. Undefined is 0. */
export type ExitCode = 0 | 1 | 2 | undefined;

export interface CommandDefinition<A extends Arguments, O extends Options> {
  /** The name of its npm script, such as `test:real`; of a subcommand its own name. */
  readonly name: string;
  /** One sentence: what the command does. */
  readonly summary: string;
  /** What else its user must know. The help wraps it: a line break in it ends a paragraph. */
  readonly details?: string;
  /** Positional arguments in their order. The name is what the help shows. */
  readonly arguments?: A;
  /** The name of an option is the one under which the command gets it. */
  readonly options?: O;
  /** What the arguments after `--` are for. Without it there may be none. */
  readonly passThrough?: string;
  /** Environment variables that it reads, and what they mean. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Command lines, without `npm run NAME --`. */
  readonly examples?: readonly string[];
  /** What exit code 1 means. */
  readonly failure?: string;
  /** The exit code of a failure that is no finding, where 1 is for findings. 1 without it. */
  readonly failureCode?: 2;
  /** What exit code 2 means, where it is more than wrong use. */
  readonly usage?: string;
  run(call: CommandInput<A, O>): Promise<ExitCode> | Promise<void> | ExitCode | void;
}

/** The options that were given, as arguments for another program that has the same ones. */
export function givenOptions<O extends Options>(options: O, values: OptionValues<O>): readonly string[] {
  return Object.entries(options).flatMap(([name, { flags, default: unset }]) => {
    const value: unknown = values[name as keyof O];
    const [long = flags] = /--[A-Za-z-]+/.exec(flags) ?? [];
    if (value === undefined || value === false || value === unset) return [];
    if (value === true) return [long];
    return [value].flat().map((one) => `${long}=${String(one)}`);
  });
}
