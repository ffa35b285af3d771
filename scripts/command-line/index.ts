/** What all commands share: how they are declared, how their arguments are read, how they fail and how they end. */
export { hasColors } from "./colors.ts";
export { alignColumns } from "./columns.ts";
export { NOT_A_TERMINAL, refusalOf } from "./confirm.ts";
export {
  argument,
  argumentList,
  argumentsFromOne,
  type ExitCode,
  flag,
  givenOptions,
  type Options,
  type OptionValues,
  option,
  optionList,
  optionWithDefault,
  requiredOption,
} from "./define.ts";
export { endRequestedBy, endSignal, runUntilSignal, untilSignal } from "./ending.ts";
export { CommandError, isExpectedFailure, messageOf, UsageError } from "./failure.ts";
export { printForPeople } from "./print-for-people.ts";
export { runProgram } from "./program.ts";
export { withProgress } from "./progress.ts";
export { command, commandGroup, execute, runCommand } from "./run.ts";
export { oneOf, text, type ValueKind, wholeNumber } from "./values.ts";
