import { expect, test } from "@jest/globals";
import { toBytes } from "../../../../infra/rules/index.ts";
import { compileRegex } from "../../../../infra/rules/regex/index.ts";

// What regex_automata 0.4.14, which the engine uses, gives for the same bytes.
test.each([
  ["(?s:.){2}(?u:\\b)", "79 b1 26", true],
  ["(?u:\\b)", "79 b1 26", true],
  ["(?u:\\B)\\b", "82 c3 30 b1 61", true],
  ["(?u:\\w)(?u:\\b{start-half})?(?u:\\b{end-half})", "79 b1 26", false],
  ["(?u:\\b{end-half})+?(?m:^)", "80 6b", false],
  ["(?u:\\b{start-half})+?(?u:\\b{start})", "b1 5f", false],
  ["(?u:\\b{start-half})a", "61", true],
  ["a(?u:\\b{end-half})", "61", true],
  ["a(?u:\\b{end})", "61 ff", true],
  ["(?u:\\B)", "ff", false],
])("R7: %s on the bytes %s is %s", (pattern, bytes, expected) => {
  const input = bytes.replaceAll(/(\w\w) ?/g, (_, byte: string) => String.fromCharCode(Number.parseInt(byte, 16)));
  const regex = compileRegex(pattern);
  expect(regex.ok && regex.test(input)).toBe(expected);
});

test.each([
  ["(?u:.)", 10485],
  ["(?su:.)", 10877],
  ["(?u:[^a])", 10485],
])("R7: %s can be repeated %d times, and not once more", (pattern, times) => {
  expect(compileRegex(`${pattern}{${times}}`)).toMatchObject({ ok: true });
  expect(compileRegex(`${pattern}{${times + 1}}`)).toMatchObject({ ok: false });
});

// Where the order of Rust's hash table decides, sizes agree within a few percent.
test.each([
  ["(?u:\\w)", 209],
  ["(?u:\\d)", 2046],
  ["(?u:\\p{L})", 244],
  ["(?u:\\s)", 15419],
  ["(?u:\\p{Greek})", 4667],
  ["(?u:[é-ü])", 79436],
])("R7: about as many repetitions of %s are accepted as by Rust, which takes %d", (pattern, times) => {
  expect(compileRegex(`${toBytes(pattern)}{${Math.floor(times * 0.97)}}`)).toMatchObject({ ok: true });
  expect(compileRegex(`${toBytes(pattern)}{${Math.ceil(times * 1.03)}}`)).toMatchObject({ ok: false });
});

test("R7: a Unicode class costs its time once, however often it stands in a pattern", () => {
  const cpu = (pattern: string): number => {
    const before = process.cpuUsage();
    expect(compileRegex(pattern)).toMatchObject({ ok: true });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  for (const atom of ["(?u:\\w)", "(?u:\\W)", "(?iu:\\w)"]) {
    cpu(atom);
    // It took 1,500 ms.
    expect(cpu(atom.repeat(200))).toBeLessThan(150);
  }
});

test("unassigned and private scalar values belong to the classes that they are in", () => {
  const matches = (pattern: string, scalar: number): boolean => {
    const regex = compileRegex(`^(?u:${pattern})$`);
    return regex.ok && regex.test(toBytes(String.fromCodePoint(scalar)));
  };
  expect(matches("\\p{Cn}", 0x50000)).toBe(true);
  expect(matches("\\p{Noncharacter_Code_Point}", 0x5fffe)).toBe(true);
  expect(matches("\\p{Noncharacter_Code_Point}", 0x5fffd)).toBe(false);
  expect(matches("\\p{Co}", 0x100000)).toBe(true);
  expect(matches("\\p{Co}", 0xe000)).toBe(true);
  expect(matches("\\p{Default_Ignorable_Code_Point}", 0xe0fff)).toBe(true);
  expect(matches("\\p{Default_Ignorable_Code_Point}", 0xe1000)).toBe(false);
  expect(matches("\\p{L}", 0xd7a3)).toBe(true);
});
