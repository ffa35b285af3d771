import {
  Command as Commander,
  Argument as CommanderArgument,
  CommanderError,
  Option as CommanderOption,
  InvalidArgumentError,
} from "commander";
import type {
  Arguments,
  CommandDefinition,
  CommandInput,
  ExitCode,
  Option,
  Options,
  PositionalArgument,
} from "./define.ts";
import { endRequestedBy } from "./ending.ts";
import { isExpectedFailure, isLoadFailure, UsageError } from "./failure.ts";
import { helpAfterOptions } from "./help.ts";
import { invocation } from "./invocation.ts";
import { watchParents } from "./parents.ts";
import { printForPeople } from "./print-for-people.ts";
import type { ValueKind } from "./values.ts";

/** A command that can be run. Made by `command` or `commandGroup`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Whether arguments after `--` are for another program. */
  readonly passesThrough: boolean;
  /** The exit code of an expected failure. */
  readonly failureCode: 1 | 2;
  /** Declares the command to commander. `whenParsed` gets what to run once all arguments are known to be right. */
  declare(parser: Commander, passThrough: readonly string[], whenParsed: (run: CommandRun) => void): void;
}

type CommandRun = () => Promise<ExitCode> | Promise<void> | ExitCode | void;

/** A command of its own: `npm run NAME -- ...`. */
export function command<const A extends Arguments, const O extends Options>(
  definition: CommandDefinition<A, O>,
): Command {
  const { name, summary, details, passThrough: passedOn, failureCode = 1 } = definition;
  const positional = Object.entries(definition.arguments ?? {});
  const options = Object.entries(definition.options ?? {}).map(([key, option]) => {
    return { key, flags: option.flags, isRequired: option.isRequired ?? false, option: optionFor(option) };
  });
  return {
    name,
    summary,
    passesThrough: passedOn !== undefined,
    failureCode,
    declare(parser, passThrough, whenParsed) {
      parser.description(details === undefined ? summary : `${summary}\n\n${details}`);
      for (const [shown, argument] of positional) parser.addArgument(argumentFor(shown, argument));
      for (const { option } of options) parser.addOption(option);
      if (passedOn !== undefined) parser.usage(`${parser.usage()} [-- argument ...]`);
      parser.addHelpText("after", helpAfterOptions(parser, definition));
      parser.action((...given: unknown[]) => {
        const values: Readonly<Record<string, unknown>> = parser.opts();
        const named = Object.fromEntries(options.map(({ key, option }) => [key, values[option.attributeName()]]));
        // Not left to commander, which would name a missing option before the mistyped one that was meant to be it.
        const missing = options.find(({ key, isRequired }) => isRequired && named[key] === undefined);
        if (missing) parser.error(`error: required option '${missing.flags}' not specified`);
        const call = {
          args: Object.fromEntries(positional.map(([key], index) => [key, given[index]])),
          options: named,
          passThrough,
        } as CommandInput<A, O>;
        whenParsed(() => definition.run(call));
      });
    },
  };
}

/** A command with subcommands: `npm run NAME -- SUBCOMMAND ...`. */
export function commandGroup(group: {
  readonly name: string;
  readonly summary: string;
  readonly commands: readonly Command[];
}): Command {
  return {
    name: group.name,
    summary: group.summary,
    passesThrough: false,
    failureCode: 1,
    declare(parser, _passThrough, whenParsed) {
      parser.description(group.summary);
      for (const each of group.commands) {
        const child = parser.command(each.name).summary(each.summary);
        each.declare(child.showHelpAfterError(seeHelp(`${parser.name()} ${each.name}`)), [], whenParsed);
      }
    },
  };
}

/**
 * Runs the command of this process with its arguments, and sets the exit code: 0 done, 1 findings or a failure, 2
 * wrong use. Nothing is done before every argument is known to be right.
 */
export async function runCommand(wanted: Command): Promise<void> {
  let isOutputLost = false;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", ({ code }: NodeJS.ErrnoException) => {
      // A reader such as `head` closes the pipe when it has read enough, and a terminal may be closed. Neither is a
      // failure.
      if (code !== "EPIPE" && code !== "EIO") isOutputLost = true;
    });
  }
  watchParents(wanted.name);
  const exitCode = await execute(wanted, process.argv.slice(2));
  process.exitCode = exitCode === 0 && isOutputLost ? 1 : exitCode;
  // A connection to a server that does not respond would keep the process alive after its orderly end.
  if (endRequestedBy() !== undefined) process.exit();
}

/** Runs a command with these arguments and returns its exit code. */
export async function execute(wanted: Command, argv: readonly string[]): Promise<0 | 1 | 2> {
  const end = wanted.passesThrough ? argv.indexOf("--") : -1;
  const own = end === -1 ? argv : argv.slice(0, end);
  const passThrough = end === -1 ? [] : argv.slice(end + 1);
  let run: CommandRun | undefined;
  try {
    const parser = parserFor(wanted.name);
    wanted.declare(parser, passThrough, (ready) => {
      run = ready;
    });
    parser.parse(own, { from: "user" });
    return (await run?.()) ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.code === "commander.helpDisplayed" ? 0 : 2;
    return reportFailure(wanted, error);
  }
}

/** Prints why a command failed, and returns its exit code. */
function reportFailure({ name, failureCode }: Command, error: unknown): 1 | 2 {
  if (!isExpectedFailure(error)) {
    console.error(
      isLoadFailure(error)
        ? `${name}: a file of the program cannot be loaded. Correct it; \`npm run check\` lists what is wrong.`
        : `${name}: this should not have happened; please report it.`,
    );
    console.error(error);
    return 1;
  }
  printForPeople(`${name}: ${error.message}`, console.error);
  return error instanceof UsageError ? 2 : failureCode;
}

function parserFor(name: string): Commander {
  return new Commander(invocation(name))
    .exitOverride()
    .helpOption("-h, --help", "shows this page")
    .helpCommand(false)
    .configureHelp({ argumentDescription: summaryOf, optionDescription: describeOption })
    .showHelpAfterError(seeHelp(invocation(name)))
    .configureOutput({
      writeOut: (text) => console.log(text.trimEnd()),
      writeErr: (text) => console.error(text.trimEnd()),
      outputError: (text, write) =>
        write(withoutSecrets(text.replace(/^error: (?:command-argument (?=value))?/, `${name}: `))),
    });
}

const summaryOf = ({ description }: { readonly description: string }): string => description;

/** The description of an option, with its default where that is a value: flags are off and lists empty by default. */
const describeOption = (option: CommanderOption): string =>
  typeof option.defaultValue === "string" || typeof option.defaultValue === "number"
    ? `${option.description} (default: ${JSON.stringify(option.defaultValue)})`
    : option.description;

/**
 * Drops values of unknown options and cuts long words, so that a secret that was given by mistake is not in a log as
 * well.
 */
function withoutSecrets(refusal: string): string {
  return refusal
    .replace(/(unknown option '[^=']+)=[^']*'/, "$1'")
    .replaceAll(/\S{100,}/g, (word) => `${word.slice(0, 8)}...`);
}

const seeHelp = (called: string) => `See: ${called} --help`;

function argumentFor(name: string, { summary, count, kind }: PositionalArgument<unknown>): CommanderArgument {
  const shown = { one: `<${name}>`, list: `[${name}...]`, "non-empty list": `<${name}...>` }[count];
  const parser = count === "one" ? parseOne(kind) : parseList(kind);
  const declared = new CommanderArgument(shown, summary).argParser(parser);
  return count === "list" ? declared.default([]) : declared;
}

function optionFor({ flags, summary, kind, isList, default: value }: Option<unknown>): CommanderOption {
  const declared = new CommanderOption(flags, summary);
  if (kind === undefined) return declared.default(false);
  declared.argParser(isList ? parseList(kind) : parseOne(kind));
  if (isList) return declared.default([]);
  return value === undefined ? declared : declared.default(value);
}

/** commander calls it with a text and what it returned for the text before, or the default. */
type Parse = (text: string, before: unknown) => unknown;

function parseOne({ parse, expected }: ValueKind<unknown>): Parse {
  return (text) => {
    const value = parse(text);
    if (value === undefined) throw new InvalidArgumentError(`It must be ${expected}.`);
    return value;
  };
}

function parseList(kind: ValueKind<unknown>): Parse {
  const parse = parseOne(kind);
  return (text, before) => [...(Array.isArray(before) ? before : []), parse(text, undefined)];
}
