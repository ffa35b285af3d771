import type { Command as Commander } from "commander";
import type { Arguments, CommandDefinition, Options } from "./define.ts";
import { invocation } from "./invocation.ts";

/** The help of a command after its options. */
export function helpAfterOptions<A extends Arguments, O extends Options>(
  parser: Commander,
  { name, passThrough, environment = {}, examples = [], failure, usage }: CommandDefinition<A, O>,
): string {
  const command = parser.parent === null ? invocation(name) : `${parser.parent.name()} ${name}`;
  const width = Math.max(...Object.keys(environment).map(({ length }) => length));
  const variables = Object.entries(environment).map(([key, meaning]) => `  ${key.padEnd(width)}  ${meaning}`);
  const lines = [
    ...(passThrough === undefined ? [] : ["", "After --:", `  ${passThrough}`]),
    ...(variables.length === 0 ? [] : ["", "Environment:", ...variables]),
    "",
    `Exit codes: 0 done; 1 ${failure ?? "it failed"}; 2 ${usage ?? "wrong use"}.`,
    ...(examples.length === 0
      ? []
      : [
          "",
          "Examples:",
          ...examples.map((one) => `  ${one === "" ? command.replace(/ --$/, "") : `${command} ${one}`}`),
        ]),
  ];
  return lines.join("\n");
}
