// Every operation of the API, errors included, through the types that are generated from its document.
// Prints a line for each: what was done, the status, and a field of the typed answer.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };

const [baseUrl, key, event_id] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });
const stranger = createClient<paths>({ baseUrl, headers: { "X-API-Key": "none" } });

const application: components["schemas"]["LoanApplication"] = {
  id: 1, issue_d: "Jul-2015", loan_amnt: 15000, annual_inc: 34221, dti: 31.5, revol_util: "83.2%",
};

type Problem = components["schemas"]["ProblemBody"];
type Said<T> = { data?: T; error?: Problem | components["schemas"]["Health"]; response: Response };

async function say<T>(name: string, asked: Promise<Said<T>>, field: (data: T) => unknown) {
  const { data, error, response } = await asked;
  const said = data === undefined ? (error as Problem).code : field(data);
  console.log([name, response.status, said].join("\t"));
}

const stored = { params: { path: { event_id } } };
const nobody = { params: { path: { event_id: "2015/07/nobody" } } };
const record = { query: { record: true }, header: { "Idempotency-Key": "k1" } };

await say("healthz", client.GET("/healthz"), (it) => it.status);
await say("readyz", client.GET("/readyz"), (it) => it.dependencies?.silver);
await say("read_metrics", client.GET("/metrics", { parseAs: "text" }), (it) => it.includes("risk_api_requests_total"));
await say("read_policy", client.GET("/v1/policies/current"), (it) => it.version);
await say("read_models", client.GET("/v1/models"), (it) => it.champion.version);
await say("decide", client.POST("/v1/decisions", { body: application }), (it) => it.tier);
await say("decide_batch", client.POST("/v1/decisions:batch", { body: { applications: [application, { id: 2 }] } }),
  (it) => it.results.map((each) => each.decision?.tier ?? each.problem?.code).join(" "));
await say("score", client.POST("/score", { body: { event: application, reject_if_missing_required: false } }), (it) => it.decision?.risk_tier);
await say("list_decisions", client.GET("/v1/decisions", { params: { query: { since: "2015-01-01T00:00:00Z" } } }),
  (it) => it.decisions[0]?.event_id === event_id);
await say("read_decision", client.GET("/v1/decisions/{event_id}", stored), (it) => it.lineage?.offset);
await say("read_application", client.GET("/v1/applications/{application_id}", { params: { path: { application_id: event_id } } }),
  (it) => it.decisions.length);
await say("explain_decision", client.GET("/v1/decisions/{event_id}/explanation", stored), (it) => it.policy.version);
await say("replay_decision", client.POST("/v1/decisions/{event_id}/replay", stored), (it) => it.matches);

await say("read_models", stranger.GET("/v1/models"), () => "");
await say("decide", stranger.POST("/v1/decisions", { body: application }), () => "");
await say("read_decision", client.GET("/v1/decisions/{event_id}", nobody), () => "");
await say("explain_decision", client.GET("/v1/decisions/{event_id}/explanation", nobody), () => "");
await say("replay_decision", client.POST("/v1/decisions/{event_id}/replay", nobody), () => "");
await say("decide", client.POST("/v1/decisions", { body: application, params: record }), () => "");
await say("decide", client.POST("/v1/decisions", { body: { ...application, loan_amnt: -1 } }), () => "");
await say("decide", client.POST("/v1/decisions", { body: { ...application, purpose: "x".repeat(300_000) } }), () => "");
await say("list_decisions", client.GET("/v1/decisions", { params: { query: { cursor: "!" } } }), () => "");
await say("decide", client.POST("/v1/decisions", { body: application, bodySerializer: () => "{" }), () => "");
await say("decide", client.POST("/v1/decisions", { body: application, headers: { "Content-Type": "text/csv" } }), () => "");
