import { expect, test } from "@jest/globals";
import { loadAssets } from "../../../../backend/page/index.ts";

const loaded = await loadAssets();
const text = (path: string) => loaded.get(path)!.body.toString();

test("the page has the program, the style and the elements of the chat, each in its place", () => {
  expect(text("/app.js")).toMatch(/\bConversation=class\b/);
  expect(text("/app.css")).toContain(".composer");
  const html = text("/");
  const order = [
    "<header",
    'id="announce-open"',
    'id="account-open"',
    'id="scroller"',
    'id="home"',
    'id="edit"',
    "</body>",
  ];
  const places = order.map((part) => html.indexOf(part));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
});
