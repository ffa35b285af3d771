import { expect, test } from "@jest/globals";
import { createMetrics } from "../../../backend/gateway/metrics.ts";

test("the counts are in Prometheus' format, however often they are read", async () => {
  const metrics = createMetrics(() => 3);
  for (const seconds of [0.0005, 0.001, 0.003, 0.25, 11])
    metrics.finished({ route: "/a", method: "GET", status: 200, seconds });
  metrics.finished({ route: "/a", method: "GET", status: 503, seconds: 0.25 });
  metrics.finished({ route: "/a", method: "POST", status: 200, seconds: 1 });
  const ours = (text: string) => text.split("\n").filter((one) => one.includes("causeway_"));
  const lines = ours(await metrics.render());
  expect(ours(await metrics.render())).toEqual(lines);
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE causeway_requests_total counter",
      'causeway_requests_total{method="GET",route="/a",status="200"} 5',
      'causeway_requests_total{method="GET",route="/a",status="503"} 1',
      'causeway_requests_total{method="POST",route="/a",status="200"} 1',
      "# TYPE causeway_request_duration_seconds histogram",
      'causeway_request_duration_seconds_sum{method="POST",route="/a"} 1',
      'causeway_request_duration_seconds_count{method="GET",route="/a"} 6',
      "causeway_sockets_open 3",
    ]),
  );
  // each bucket holds everything up to its bound (Prometheus' histogram)
  const buckets = lines.filter(
    (one) => one.startsWith("causeway_request_duration_seconds_bucket") && one.includes("GET"),
  );
  expect(buckets.map((one) => [/le="([^"]+)"/.exec(one)?.[1], Number(one.split(" ").at(-1))])).toEqual([
    ["0.001", 2],
    ["0.005", 3],
    ["0.02", 3],
    ["0.1", 3],
    ["0.5", 5],
    ["2", 5],
    ["10", 5],
    ["+Inf", 6],
  ]);
});
