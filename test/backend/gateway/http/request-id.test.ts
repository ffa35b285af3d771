import { expect, test } from "@jest/globals";
import { requestId } from "../../../../backend/gateway/http/request-id.ts";

test("each id is 96 random bits in hexadecimal, and none comes twice", () => {
  const ids = Array.from({ length: 5000 }, () => requestId());
  expect(ids.filter((id) => !/^[0-9a-f]{24}$/.test(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  // each character is each digit about as often as another
  const counts = new Map<string, number>();
  for (const digit of ids.join("")) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  expect(counts.size).toBe(16);
  for (const count of counts.values()) expect(Math.abs(count - 7500)).toBeLessThan(750);
});
