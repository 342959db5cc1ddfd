/** A channel's front end as its authors would write it with the TypeScript SDK. */
import { huying, type Problem, type Schemas } from "huying-client";

declare const process: { argv: string[] };

const [, , baseUrl = "", key = ""] = process.argv;
const client = huying({ baseUrl, headers: { "X-API-Key": key } });
const division = "440605126222";
const SHELTER = { title: "校车接送点没有风雨棚", division, category: "school-transport", contact: { phone: "13800138000" } };
const LAMP = { title: "村口路灯不亮", division };
const NONSENSE = { title: "不知道属于哪一类", division, category: "no-such-category" };

function check(holds: boolean, said: string): asserts holds {
  if (!holds) throw new Error(said);
}

/** The data of an answer; a refusal ends the program. */
function taken<T>(answer: { data?: T; error?: Problem }): T {
  check(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

async function submit(body: Schemas["SubmitDemand"], name: string) {
  return client.POST("/v1/demands", { params: { header: { "Idempotency-Key": name } }, body });
}

async function follow(receipt: Schemas["Receipt"]) {
  const path = { number: receipt.number };
  const header = { "X-Demand-Code": receipt.code };
  const progress = taken(await client.GET("/v1/demands/{number}", { params: { path, header } }));
  check(progress.status === "submitted", `the demand is ${progress.status}`);
  check(progress.id === receipt.id, "it is another demand");
}

async function supplement(receipt: Schemas["Receipt"]) {
  const params = { path: { number: receipt.number }, header: { "Idempotency-Key": "more" } };
  const answer = await client.POST("/v1/demands/{number}/supplements", { params, body: { text: "早上七点最挤" } });
  check(taken(answer).number === receipt.number, "another demand was supplemented");
}

/** The citizen says no, and thinks better of it. */
async function decideOnPublication({ number, code }: Schemas["Receipt"]) {
  const params = (key: string) => ({ path: { number }, header: { "Idempotency-Key": key, "X-Demand-Code": code } });
  taken(await client.POST("/v1/demands/{number}/publication-refusal", { params: params("no"), body: {} }));
  const header = { "X-Demand-Code": code };
  const progress = taken(await client.GET("/v1/demands/{number}", { params: { path: { number }, header } }));
  check(progress.publication?.state === "refused", `the publication is ${progress.publication?.state}`);
  taken(await client.POST("/v1/demands/{number}/publication-consent", { params: params("yes"), body: {} }));
}

/** The citizen wants no messages of this demand. */
async function stopMessages({ number, code }: Schemas["Receipt"]) {
  const params = { path: { number }, header: { "X-Demand-Code": code } };
  taken(await client.PUT("/v1/demands/{number}/messages", { params, body: { wanted: false } }));
  const standing = taken(await client.GET("/v1/demands/{number}/messages", { params }));
  check(standing.wanted === false, `messages are wanted: ${standing.wanted}`);
}

async function loseTheCode({ number, code }: Schemas["Receipt"]) {
  const params = { path: { number } };
  const answer = await client.POST("/v1/demands/{number}/link-requests", { params, body: { phone: "13800138000" } });
  check(!JSON.stringify(taken(answer)).includes(code), "the code was shown");
}

/** Page by page, one demand a page. */
async function listed(): Promise<string[]> {
  const numbers: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const query: { after: string; limit: number } = { after, limit: 1 };
    const page: Schemas["Listed"] = taken(await client.GET("/v1/demands", { params: { query } }));
    numbers.push(...page.demands.map((demand) => demand.number));
    after = page.next;
  }
  return numbers;
}

async function refused() {
  const { data, error } = await submit(NONSENSE, "nonsense");
  check(data === undefined && error !== undefined, "nonsense was taken");
  check(error.status === 422 && error.type.endsWith("/invalid-input"), JSON.stringify(error));
  check(error.errors?.[0]?.field === "category", "what to change is not named");
}

const receipt = taken(await submit(SHELTER, "shelter"));
check(taken(await submit(SHELTER, "shelter")).number === receipt.number, "the same key gave another answer");
await follow(receipt);
await supplement(receipt);
await decideOnPublication(receipt);
await stopMessages(receipt);
await loseTheCode(receipt);
const lamp = taken(await submit(LAMP, "lamp"));
check((await listed()).join() === [lamp.number, receipt.number].join(), "the list is another");
await refused();
