import { expect, test } from "@jest/globals";
import { emit } from "../../socket-calls.ts";
import { startTestBackend } from "../../test-backend.ts";

test("the internal port tells health and metrics, and nothing of it is outside", async () => {
  const backend = await startTestBackend({ config: { INTERNAL_PORT: "0" } });
  const inside = backend.backend.internalUrl;
  const get = async (path: string) => {
    const response = await fetch(`${inside}${path}`);
    return { status: response.status, text: await response.text() };
  };
  expect(await get("/health/live")).toEqual({ status: 200, text: '{"live":true}' });
  const { status, text } = await get("/health/ready");
  expect([status, JSON.parse(text)]).toEqual([
    200,
    { ready: true, checks: { clock: true, gateway: true, services: true, store: true } },
  ]);
  for (const path of ["/health/live", "/health/ready", "/metrics"])
    expect((await backend.request("GET", path)).status).toBe(404);

  const person = await backend.registerUser();
  const socket = await backend.connect(person.accessToken);
  await emit(socket, "call", "users.pictures", { users: [person.id] });
  await emit(socket, "call", `nonsense-${person.email}`, {});
  await backend.request("GET", "/no/such/path");
  const { text: metrics } = await get("/metrics");
  expect(metrics).toContain('causeway_requests_total{method="POST",route="/api/auth/register",status="200"} 1');
  expect(metrics).toContain('causeway_requests_total{method="CALL",route="users.pictures",status="200"} 1');
  expect(metrics).toContain('causeway_requests_total{method="CALL",route="none",status="404"} 1');
  expect(metrics).toContain('causeway_requests_total{method="none",route="none",status="404"}');
  expect(metrics).toContain("causeway_sockets_open 1");
  expect(metrics).toContain("process_cpu_seconds_total");
  // label values are the surface's, never a client's
  expect(metrics).not.toMatch(/nonsense|no\/such/);
  for (const path of ["/", "/metrics/", "/METRICS", "/health"]) expect((await get(path)).status).toBe(404);
  await backend.stop();
});

test("a backend that stops is not ready while it still responds", async () => {
  const backend = await startTestBackend({ config: { INTERNAL_PORT: "0" } });
  const person = await backend.registerUser();
  await backend.connect(person.accessToken);
  const stopped = backend.backend.stop();
  const ready = await fetch(`${backend.backend.internalUrl}/health/ready`).catch(() => undefined);
  expect([503, undefined]).toContain(ready?.status);
  await stopped;
  await backend.stop();
});
