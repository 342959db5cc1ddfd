/** A typed client of Huying's HTTP API over `fetch`; `schema.ts` beside it is generated. */
import createClient, { type Client, type ClientOptions } from "openapi-fetch";

import type { components, paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";
export type Schemas = components["schemas"];
export type Problem = Schemas["Problem"];

export function huying(options: ClientOptions): Client<paths> {
  return createClient<paths>(options);
}
