// Answers one JSON request on standard input with what the npm implementations say.
const gcoord = require("gcoord");
const WeChatCrypto = require("wechat-crypto");

const asked = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const account = asked.token ? new WeChatCrypto(asked.token, asked.key, asked.app) : null;
const answers = {
  encrypt: () => account.encrypt(asked.message),
  decrypt: () => account.decrypt(asked.encrypted),
  sign: () => account.getSignature(asked.timestamp, asked.nonce, asked.encrypted),
  wgs84: () => gcoord.transform([asked.lon, asked.lat], gcoord.GCJ02, gcoord.WGS84),
};
console.log(JSON.stringify(answers[asked.op]()));
