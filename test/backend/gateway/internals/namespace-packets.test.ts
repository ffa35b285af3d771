import { createRequire } from "node:module";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { readJoin, readNamespaceEvent } from "../../../../backend/gateway/internals/packets.ts";
import { installedVersion } from "../../installed.ts";

test("socket.io-parser 4.2: what joins, leaves or calls names the namespace that Socket.IO would read", () => {
  const ofSocketIo = createRequire(createRequire(import.meta.url).resolve("socket.io/package.json"));
  expect(installedVersion("socket.io-parser")).toMatch(/^4\.2\./);
  const { Decoder } = ofSocketIo("socket.io-parser") as {
    Decoder: new () => {
      on(event: "decoded", listener: (packet: { nsp: string; id?: number }) => void): void;
      add(text: string): void;
    };
  };
  const decoded = (packet: string) => {
    const decoder = new Decoder();
    let read: { nsp: string; id?: number } | undefined;
    decoder.on("decoded", (one) => {
      read = one;
    });
    try {
      decoder.add(packet);
    } catch {
      // refused there: it closes the connection
    }
    return read;
  };
  const name = fc.oneof(
    fc.constantFrom("/jobs", "/", "", "//", "/a/b", "/a?b=c"),
    fc.string({ maxLength: 8 }).map((text) => `/${text}`),
  );
  const rest = fc.constantFrom("", "{}", '{"token":"x"}', "1{}", '["a"]', '7["a",1]', '12["call","x",{}]');
  const parts = fc.tuple(fc.constantFrom("0", "1", "2"), name, fc.constantFrom(",", ""), rest);
  fc.assert(
    fc.property(parts, (given) => {
      const packet = given.join("");
      const socketIo = decoded(packet);
      const event = readNamespaceEvent(packet);
      if (socketIo && readJoin(packet)) expect(readJoin(packet)?.namespace).toBe(socketIo.nsp);
      if (socketIo && event) expect([event.namespace, event.id]).toEqual([socketIo.nsp, socketIo.id]);
    }),
    { numRuns: 2000 },
  );
  expect(readJoin("0")).toEqual({ isJoin: true, namespace: "/" });
  expect(readJoin('0/jobs,{"token":"x"}')).toEqual({ isJoin: true, namespace: "/jobs" });
  expect(readJoin("1/jobs,")).toEqual({ isJoin: false, namespace: "/jobs" });
  expect(readJoin('2["call"]')).toBeUndefined();
  expect(readNamespaceEvent('2/jobs,12["call"]')).toEqual({ namespace: "/jobs", id: 12, json: '["call"]' });
  expect(readNamespaceEvent('51-/jobs,["call"]')).toEqual({ namespace: "/jobs", id: undefined, json: '["call"]' });
  for (const other of ['2["call"]', '2/,1["call"]', "2/jobs,1", "3/jobs,1[]", '2/jobs["call"]']) {
    const event = readNamespaceEvent(other);
    expect(event === undefined || event.namespace === "/").toBe(true);
  }
});
