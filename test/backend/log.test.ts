import { expect, test } from "@jest/globals";
import { pino } from "pino";
import { createLog, lineWriter } from "../../backend/log.ts";

test("a line of a line writer is the one that pino writes, and goes where pino's go", () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(line) });
  const write = lineWriter(log, 'a "request"');
  log.info({ id: "1", ms: 0.25 }, 'a "request"');
  write(',"id":"1","ms":0.25');
  const [pinos = "", ours = ""] = lines.map((line) => line.replace(/"time":"[^"]*"/, '"time":""'));
  expect(ours).toBe(pinos);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ level: "info", time: expect.stringMatching(/^\d{4}-.*Z$/) });
  log.level = "warn";
  write(',"id":"2"');
  expect(lines).toHaveLength(2);
});

test("a log that is not ours has no line writer", () => {
  expect(() => lineWriter(pino({ enabled: false }), "request")).toThrow(/not made by createLog/);
});
