import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { io } from "socket.io-client";
import { People } from "../../../../backend/client/chat/people.ts";
import { SiteClient } from "../../../../backend/client/index.ts";

let people: People;
let changes: number;
beforeEach(() => {
  jest.useFakeTimers();
  changes = 0;
  // never opened: these tests are about what becomes of events
  people = new People(new SiteClient({ connect: io, onChange: () => void changes++ }));
});
afterEach(() => {
  people.close();
  jest.useRealTimers();
});

const typing = (room: string, id: string) => people.takeTyping({ room, user: { id, name: id } });
const names = (room: string) => people.typists(room).map(({ name }) => name);

test("a user counts as writing for six seconds after the last event", () => {
  typing("lobby", "ada");
  jest.advanceTimersByTime(4000);
  typing("lobby", "bob");
  typing("other", "ada");
  expect([names("lobby"), names("other")]).toEqual([["ada", "bob"], ["ada"]]);
  jest.advanceTimersByTime(2000);
  expect([names("lobby"), names("other")]).toEqual([["bob"], ["ada"]]);
  typing("lobby", "bob");
  const before = changes;
  jest.advanceTimersByTime(6000);
  expect([names("lobby"), names("other")]).toEqual([[], []]);
  expect(changes).toBeGreaterThan(before);
  expect(jest.getTimerCount()).toBe(0);
});

test("marks only grow, in whatever order they come, until the room begins anew", () => {
  const take = (epoch: string, seq: number) =>
    people.takeMarks({ room: "lobby", epoch, marks: [{ user: "ada", seq }] });
  take("e1", 5);
  take("e1", 3);
  expect(people.marks("lobby").get("ada")).toBe(5);
  people.read("lobby", "ada", { epoch: "e1", cursor: 4 });
  expect(people.marks("lobby").get("ada")).toBe(5);
  people.read("lobby", "ada", { epoch: "e1", cursor: 7 });
  expect(people.marks("lobby").get("ada")).toBe(7);
  take("e2", 1);
  expect(people.marks("lobby").get("ada")).toBe(1);
});
