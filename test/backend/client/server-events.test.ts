import { expect, test } from "@jest/globals";
import { type ClientEvent, type EventListeners, ServerEvents } from "../../../backend/client/server-events.ts";

/** The events of the features are not known here: their names are not checked. */
const named = (listeners: Readonly<Record<string, (payload: unknown) => void>>) => listeners as EventListeners;

test("the listeners of parts are called first, in their order, and each added listener until it is removed", () => {
  const calls: string[] = [];
  const note = (who: string) => (payload: unknown) => void calls.push(`${who} ${payload}`);
  const events = new ServerEvents();
  const stop = events.on("changed" as ClientEvent, note("added"));
  events.on("changed" as ClientEvent, () => stop());
  events.addFirst(named({ changed: note("first part") }));
  events.addFirst(named({ changed: note("second part"), other: note("other") }));
  events.receive("changed", 1);
  events.receive("changed", 2);
  for (const event of ["constructor", "__proto__", "toString"]) events.receive(event, 3);
  expect(calls).toEqual(["first part 1", "second part 1", "added 1", "first part 2", "second part 2"]);
});
