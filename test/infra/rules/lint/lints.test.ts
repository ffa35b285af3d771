import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { applyEdits, LINTS, lint } from "../../../../infra/rules/index.ts";
import { type Case, inputOf } from "./case.ts";

const cases = new URL("./cases/", import.meta.url);
const lints = new URL("../../../../infra/rules/lint/", import.meta.url);
const names = LINTS.map(({ name }) => name);
const byName = new Map<string, readonly Case[]>(
  await Promise.all(
    readdirSync(cases).map(async (file): Promise<[string, readonly Case[]]> => {
      const loaded: { cases: readonly Case[] } = await import(new URL(file, cases).href);
      return [file.replace(/\.ts$/, ""), loaded.cases];
    }),
  ),
);

test("every lint has its file, its cases and its line of documentation, and every one of those its lint", () => {
  const sorted = [...names].sort();
  expect(new Set(names).size).toBe(names.length);
  expect(
    readdirSync(new URL("lints/", lints))
      .map((file) => file.replace(/\.ts$/, ""))
      .sort(),
  ).toEqual(sorted);
  expect([...byName.keys()].sort()).toEqual(sorted);
  const documented = readFileSync(new URL("README.md", lints), "utf8").replaceAll("\n  ", " ").split("\n");
  expect(documented.filter((line) => line.startsWith("- `")).map((line) => line.replaceAll("\\", ""))).toEqual(
    LINTS.map(({ name, severity, about }) => `- \`${name}\`, ${severity}: ${about}`),
  );
});

describe.each(LINTS.map((one) => [one.name, one] as const))("%s", (name, { severity }) => {
  const own = byName.get(name) ?? [];

  test("finds what it is for, and leaves the rest alone", () => {
    expect(own.some(({ finds }) => finds.length > 0)).toBe(true);
    expect(own.some(({ finds }) => finds.length === 0)).toBe(true);
    for (const one of own) {
      const found = lint(inputOf(one)).filter(({ code }) => code === name);
      const underlined = found.map(({ text, span }) => text.slice(span.start, span.end));
      expect({ ...one, underlined }).toEqual({ ...one, underlined: one.finds });
      for (const { message } of found) expect(message).toMatch(/^[^.].*[^.]$/s);
    }
  });

  test("corrects what it can", () => {
    for (const one of own) {
      const [found] = lint(inputOf(one)).filter(({ code }) => code === name);
      const fixed = found?.fix && applyEdits(found.text, found.fix);
      expect({ ...one, fixed }).toEqual({ fixed: undefined, ...one });
    }
  });

  test("has the severity that it is documented with", () => {
    const severities = own.flatMap((one) =>
      lint(inputOf(one)).flatMap((found) => (found.code === name ? [found.severity] : [])),
    );
    expect(severities).toContain(severity);
  });
});
