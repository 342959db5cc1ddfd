// An issuer that is told what to do over its standard input, one JSON object a line, and answers each with one.
import { createInterface } from "node:readline";
import { OAuth2Server } from "oauth2-mock-server";

const server = new OAuth2Server();
const { issuer, service } = server;
const { keys } = issuer;
const told = { claims: {}, idToken: {}, userinfo: {}, current: undefined, withdrawn: new Set() };

// It would sign with its keys in turn; an issuer signs with the newest, and goes on publishing those before.
const [get, publish] = [keys.get.bind(keys), keys.toJSON.bind(keys)];
keys.get = (kid) => get(kid ?? told.current);
keys.toJSON = (all) => publish(all).filter((key) => !told.withdrawn.has(key.kid));

// A claim that is null is left out.
const put = (payload, claims) => {
  Object.assign(payload, claims);
  for (const [name, value] of Object.entries(payload)) if (value === null) delete payload[name];
};
service.on("beforeTokenSigning", ({ payload }) => {
  const isIdToken = payload.aud === "pages";
  put(payload, told.claims);
  if (isIdToken) put(payload, told.idToken);
});
service.on("beforeUserinfo", (answer) => Object.assign(answer.body, told.userinfo));

const commands = {
  async generate({ alg }) {
    const { kid } = await keys.generate(alg);
    told.current = kid;
    return { kid };
  },
  withdraw({ kid }) {
    told.withdrawn.add(kid);
    return {};
  },
  tell({ claims, idToken, userinfo }) {
    Object.assign(told, { claims: claims ?? {}, idToken: idToken ?? {}, userinfo: userinfo ?? {} });
    return {};
  },
  async mint({ claims, kid, expiresIn }) {
    const scopesOrTransform = (_, payload) => put(payload, claims);
    return { token: await issuer.buildToken({ kid: kid ?? undefined, expiresIn, scopesOrTransform }) };
  },
};

await commands.generate({ alg: "RS256" });
await server.start(0, "127.0.0.1");
console.log(JSON.stringify({ url: issuer.url, kid: told.current }));
for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...details } = JSON.parse(line);
  console.log(JSON.stringify(await commands[command](details)));
}
process.exit(0);
