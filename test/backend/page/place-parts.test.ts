import { expect, test } from "@jest/globals";
import { placeParts } from "../../../backend/page/place-parts.ts";

const PAGE = "<body>\n  <!-- parts: bar -->\n  <main></main>\n  <!-- parts: dialogs -->\n</body>\n";

test("the HTML of parts is put into its places as it is, and a place without any is removed", () => {
  const bar = "<button>$& and $1</button>\n";
  expect(placeParts(PAGE, new Map([["bar", bar]]))).toBe(`<body>\n${bar}  <main></main>\n</body>\n`);
  expect(placeParts(PAGE, new Map())).toBe("<body>\n  <main></main>\n</body>\n");
});

test("HTML without a place is an error that names the file", () => {
  expect(() => placeParts(PAGE, new Map([["screen", "<main></main>"]]))).toThrow(
    "A part of the page has the file screen.html, and index.html has no place for it.",
  );
});
