import { afterEach, expect, test } from "@jest/globals";
import { announce } from "../../../../backend/contract/index.ts";
import { memoryThrottles } from "../../../../backend/throttle/throttle-memory.ts";
import { disconnected, emit } from "../../socket-calls.ts";
import type { TestActions, TestGateway } from "../../test-gateway.ts";
import { NO_LIMITS } from "../../test-options.ts";
import { tokenOf } from "../../test-tokens.ts";
import { startChatGateway } from "../chat-gateway.ts";

let gateway: TestGateway | undefined;
afterEach(() => gateway?.stop());

test("what a user may do but a few times an hour, all users of an address may do as often together", async () => {
  gateway = await startChatGateway(
    { "chat.send": () => ({ message: {} }) as never, "chat.report": () => ({ reported: true }) as never },
    { limits: { ...NO_LIMITS, write: { requests: 3, seconds: 10 }, report: { requests: 2, seconds: 10 } } },
  );
  const at = async (name: string, ip: string) => {
    const socket = await (gateway as TestGateway).connect(tokenOf(name), { extraHeaders: { "cf-connecting-ip": ip } });
    const send = () => emit(socket, "call", "chat.send", { room: "r", text: "x", clientId: "1" });
    const report = () => emit(socket, "call", "chat.report", { room: "r", seq: 1, reason: "x" });
    return { send, report };
  };
  const codes = (answers: readonly { error: { code: string } | null }[]) => answers.map(({ error }) => error?.code);
  const office = await Promise.all(Array.from({ length: 11 }, (_, index) => at(`user${index}`, "192.0.2.1")));
  for (const { send } of office.slice(0, 10)) {
    expect(codes([await send(), await send(), await send()])).toEqual([undefined, undefined, undefined]);
  }
  const last = office[10] as (typeof office)[0];
  expect(codes([await last.send()])).toEqual(["RATE_LIMITED"]);
  expect(codes([await last.report(), await (office[0] as typeof last).report(), await last.report()])).toEqual([
    undefined,
    undefined,
    "RATE_LIMITED",
  ]);
  expect(codes([await (await at("elsewhere", "192.0.2.2")).send()])).toEqual([undefined]);
});

test("N11: a call whose session ends while the limits of all nodes are asked is not made", async () => {
  const [asked, answers] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const memory = memoryThrottles();
  const throttles: typeof memory = {
    ...memory,
    isShared: true,
    async change(keys, decide) {
      asked.resolve();
      await answers.promise;
      return memory.change(keys, decide);
    },
  };
  const makers: string[] = [];
  const actions: TestActions = {
    async "chat.create"(ctx) {
      makers.push(ctx.meta.user?.id ?? "");
      throw new Error("nothing more is needed");
    },
  };
  gateway = await startChatGateway(actions, { gatewayOptions: { throttles } });
  const [eve, ada] = [await gateway.connect(tokenOf("eve")), await gateway.connect(tokenOf("ada"))];
  eve.emit("call", "chat.create", { kind: "private", title: "Eve's" });
  await asked.promise;
  const gone = disconnected(eve);
  await announce(gateway.broker, "session.ended", { sid: "s-eve" });
  await gone;
  answers.resolve();
  await emit(ada, "call", "chat.create", { kind: "private", title: "Ada's" });
  expect(makers).toEqual(["ada"]);
});
